"""The canary for the private list of started patches, as in canaries.py."""

import os
from unittest import mock

from asynctestkit.cpython import patch_internals
from tests.cpython.canaries import Canary


class PatchCanaries(Canary):
    noted = []

    def note(self, patcher):
        self.noted.append(patcher)

    def test_registry(self):
        """A started patch is entered in the registry."""
        patch = mock.patch("os.getcwd")
        self.addCleanup(mock.patch.stopall)
        patch.start()
        (registry,) = patch_internals.registry()
        self.assertIn(patch, registry)

    def test_started_patches_and_hook_started_patches(self):
        """Patches of both classes are listed from start to stop, and reported to the hook."""
        before, self.noted = patch_internals.started_patches(), []
        self.addCleanup(patch_internals.hook_started_patches(self.note))
        first, second = mock.patch("os.getcwd"), mock.patch.dict(os.environ, A="1")
        self.addCleanup(first.stop)
        self.addCleanup(second.stop)
        for patcher in (first, second):
            self.assertIsInstance(patcher, patch_internals.PATCH_TYPES)
            patcher.start()
        self.assertEqual(patch_internals.started_patches()[len(before) :], [first, second])
        first.stop()
        self.assertEqual(patch_internals.started_patches()[len(before) :], [second])
        second.stop()
        self.assertEqual(patch_internals.started_patches(), before)
        self.assertEqual(self.noted, [first, second])
