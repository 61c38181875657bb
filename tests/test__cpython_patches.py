"""The canary for the private list of started patches, as in test__cpython.py."""

import os
from unittest import mock

from asynctestkit import _cpython
from tests.test__cpython import Canary


class PatchCanaries(Canary):
    def test_started_patches_and_hook_started_patches(self):
        """Patches of either class are in the list from start to stop, whoever stops them, and noted."""
        before = _cpython.started_patches()
        _cpython.hook_started_patches(lambda patch: None)
        first, second = mock.patch("os.getcwd"), mock.patch.dict(os.environ, A="1")
        self.addCleanup(first.stop)
        self.addCleanup(second.stop)
        for patcher in (first, second):
            self.assertIsInstance(patcher, _cpython.PATCH_TYPES)
            patcher.start()
        self.assertEqual(_cpython.started_patches()[len(before) :], [first, second])
        first.stop()
        self.assertEqual(_cpython.started_patches()[len(before) :], [second])
        second.stop()
        self.assertEqual(_cpython.started_patches(), before)
