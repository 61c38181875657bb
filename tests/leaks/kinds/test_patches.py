"""Patches that were started and not stopped."""

import asyncio
import os
import sys
import unittest
from unittest import mock

from asynctestkit import STRICT_DETECTORS, PatchLeaks, no_leaks
from tests.leaks.contract import DetectorContract, run_body


class Target:
    """The class that is patched here."""

    original = attribute = object()


class PatchContractTests(DetectorContract, unittest.TestCase):
    detector = PatchLeaks

    def setUp(self):
        super().setUp()
        self.addCleanup(mock.patch.stopall)

    async def make(self):
        patcher = mock.patch.object(Target, "attribute")
        patcher.start()  # leaks
        return patcher

    async def use(self):
        with mock.patch.object(Target, "attribute"):
            patcher = mock.patch("os.getcwd")
            patcher.start()
        patcher.stop()

    def assertReleased(self, thing):
        self.assertIsNone(thing.stop())  # it was stopped already
        self.assertIs(Target.attribute, Target.original)

    def assertUntouched(self, thing):
        self.assertIsNot(Target.attribute, Target.original)
        thing.stop()
        self.assertIs(Target.attribute, Target.original)


class WhatIsALeakTests(unittest.TestCase):
    def setUp(self):
        self.addCleanup(mock.patch.stopall)

    def leaks(self, body, **members):
        outcome = run_body(body, **members)
        self.assertEqual([*outcome.errors, *outcome.warnings], [], outcome.report)
        return outcome.leaks

    def names(self, body, **members):
        return [leak.name for leak in self.leaks(body, **members)]

    def test_the_name_is_what_was_replaced(self):
        """A patch is named by its target, in every way of patching."""
        own = {}

        def test(case):
            for patcher in (
                mock.patch("os.getcwd"),
                mock.patch.object(Target, "attribute"),
                mock.patch.object(case, "id"),
                mock.patch.multiple(os, getpid=mock.DEFAULT, getppid=mock.DEFAULT),
                mock.patch.dict(os.environ, {"A": "1"}),
                mock.patch.dict("sys.modules", {"a": None}),
                mock.patch.dict(own, a=1),
            ):
                patcher.start()

        before, modules = os.getcwd, set(sys.modules)
        self.assertEqual(
            self.names(test),
            ["os.getcwd", "Target.attribute", "Inner.id", "os.getpid", "os.environ", "sys.modules", "dict"],
        )
        self.assertIs(os.getcwd, before)
        self.assertEqual((own, set(sys.modules), "A" in os.environ), ({}, modules, False))

    def test_whatever_stops_it_in_time_will_do(self):
        """A cleanup, `stopall`, a decorator and a `with` statement each stop a patch in time."""

        def set_up(case):
            patcher = mock.patch("os.getcwd")
            case.addCleanup(patcher.stop)
            patcher.start()
            case.addCleanup(mock.patch.stopall)

        @mock.patch("os.getpid")
        async def test(case, _):
            mock.patch("os.getppid").start()
            with mock.patch("os.listdir"):
                await asyncio.sleep(0)

        self.assertEqual(self.names(test, setUp=set_up), [])

    def test_an_older_one_is_no_leak(self):
        """A patch that a class or a module has started before is no leak."""
        patcher = mock.patch.object(Target, "attribute")
        patcher.start()

        def test(case):
            pass

        self.assertEqual(self.names(test), [])
        self.assertIsNot(Target.attribute, Target.original)

    def test_an_old_one_that_is_started_anew(self):
        """An older patcher that the test starts again is a leak."""
        self.patcher = mock.patch.object(Target, "attribute")

        async def test(case):
            self.patcher.start()

        for _ in range(2):
            (leak,) = self.leaks(test)
            self.assertEqual(leak.created_at[-1].function, "test")
            self.assertIs(Target.attribute, Target.original)

    def test_layers_are_taken_off_from_the_top(self):
        """Two patches of one name are undone from the latest, which restores the original."""

        def test(case):
            mock.patch.object(Target, "attribute", 1).start()
            mock.patch.object(Target, "attribute", 2).start()

        self.assertEqual(self.names(test), ["Target.attribute"] * 2)
        self.assertIs(Target.attribute, Target.original)

    def test_a_block_is_not_charged_with_what_is_older(self):
        """A block is not charged with the patches of the test around it."""

        async def test(case):
            patcher = mock.patch.object(Target, "attribute")
            patcher.start()
            async with no_leaks(leak_detectors=STRICT_DETECTORS):
                await asyncio.sleep(0)
            patcher.stop()

        self.assertEqual(self.names(test), [])

    def test_a_patch_without_a_recorded_line(self):
        """A patch without a recorded line is reported without one."""
        patcher = mock.patch.object(Target, "attribute")
        patcher.start()
        vars(patcher).pop("_asynctestkit_site", None)
        self.assertEqual(PatchLeaks().examine(patcher).created_at, ())
