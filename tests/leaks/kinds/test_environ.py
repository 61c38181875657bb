"""The environment and the working directory, changed and not restored."""

import os
import tempfile
import threading
import unittest
from unittest import mock

from asynctestkit import DEFAULT_DETECTORS, STRICT_DETECTORS, EnvironLeaks, no_leaks
from tests.leaks.contract import DetectorContract, run_body


class Restoring(unittest.TestCase):
    def setUp(self):
        super().setUp()
        restored = mock.patch.dict(os.environ)
        restored.start()
        self.addCleanup(restored.stop)
        self.addCleanup(os.chdir, os.getcwd())


class EnvironContractTests(DetectorContract, Restoring):
    detector = EnvironLeaks
    made = 0

    async def make(self):
        self.made += 1
        os.environ[f"LEAKED_{self.made}"] = "1"  # leaks
        return f"LEAKED_{self.made}"

    async def use(self):
        with mock.patch.dict(os.environ, LEAKED="1", HOME="elsewhere"):
            os.environ.pop("PATH")
        before = os.getcwd()
        os.chdir("/")
        os.chdir(before)

    def assertReleased(self, thing):
        self.assertNotIn(thing, os.environ)

    def assertUntouched(self, thing):
        self.assertEqual(os.environ.pop(thing), "1")


class WhatIsALeakTests(Restoring):
    def leaks(self, body, **members):
        outcome = run_body(body, **members)
        self.assertEqual(outcome.errors, [])
        return sorted((leak.name, leak.description) for leak in outcome.leaks)

    def test_old_and_new_values(self):
        """The report has the old and the new value, shortened; all variables are restored."""
        os.environ.update(CHANGED="old", DELETED="was there")

        def test(case):
            os.environ["ADDED"] = "x" * 1000
            for value in ("between", "new"):
                os.environ["CHANGED"] = value
            del os.environ["DELETED"]

        long = f"'{'x' * 27}...{'x' * 28}'"
        self.assertEqual(
            self.leaks(test),
            [
                ("ADDED", f"was not there, is {long}"),
                ("CHANGED", "was 'old', is 'new'"),
                ("DELETED", "was 'was there', is not there"),
            ],
        )
        found = [os.environ.get(name) for name in ("ADDED", "CHANGED", "DELETED")]
        self.assertEqual(found, [None, "old", "was there"])

    def test_what_a_started_patch_has_changed(self):
        """Changes by a started patch are that patch's leak; other changes by the test are reported."""
        for options in ({"clear": True}, {}):

            def test(case, options=options):
                os.environ["BESIDE"] = "1"
                mock.patch.dict(os.environ, {"A": "1"}, **options).start()

            leaks = run_body(test).leaks
            expected = {"patch"} if options else {"environ", "patch"}
            with self.subTest(options):
                self.assertEqual({leak.kind for leak in leaks}, expected)
                self.assertNotIn("A", os.environ)
            os.environ.pop("BESIDE", None)

    def test_an_environment_that_was_cleared(self):
        """After `os.environ.clear()` each variable that is not set again is a leak."""
        with mock.patch.dict(os.environ, {"KEPT": "1", "LOST": "1"}, clear=True):

            def test(case):
                os.environ.clear()
                os.environ["KEPT"] = "1"

            self.assertEqual(self.leaks(test), [("LOST", "was '1', is not there")])
            self.assertEqual(dict(os.environ), {"KEPT": "1", "LOST": "1"})

    def test_the_working_directory(self):
        """A changed working directory is one leak, by path or descriptor, however often; it is restored."""
        before = os.getcwd()

        def test(case):
            os.chdir("/tmp")
            descriptor = os.open("/", os.O_RDONLY)
            os.fchdir(descriptor)
            os.close(descriptor)

        self.assertEqual(self.leaks(test), [("working directory", f"was {before!r}, is '/'")])
        self.assertEqual(os.getcwd(), before)

    def test_a_working_directory_that_was_deleted(self):
        """A deleted directory is left; one to which there is no way back is left alone."""
        before = os.getcwd()

        def leaves(case):
            with tempfile.TemporaryDirectory() as folder:
                os.chdir(folder)

        self.assertEqual(self.leaks(leaves), [("working directory", f"was {before!r}, is not there")])
        self.assertEqual(os.getcwd(), before)

        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)

            def deletes(case):
                os.chdir("/")
                os.rmdir(folder)

            ((name, _),) = self.leaks(deletes)
            self.assertEqual((name, os.getcwd()), ("working directory", "/"))
            os.mkdir(folder)

    def test_it_is_in_the_strict_set_only(self):
        """The default detectors neither check the environment nor pay for it."""
        self.assertIn(EnvironLeaks, set(STRICT_DETECTORS) - set(DEFAULT_DETECTORS))

        def test(case):
            os.environ["ADDED"] = "1"

        self.assertEqual(self.leaks(test, leak_detectors=DEFAULT_DETECTORS), [])

    def test_other_threads_may_change_it(self):
        """Changes by a thread that the test does not know are not charged to the test."""
        wanted, changed = threading.Event(), threading.Event()

        def foreign():
            wanted.wait()
            os.environ["ADDED"] = "1"
            os.chdir("/")
            changed.set()

        def test(case):
            wanted.set()
            changed.wait()

        thread = threading.Thread(target=foreign)
        thread.start()
        self.assertEqual(self.leaks(test), [])
        thread.join()

    def test_a_block_within_a_test(self):
        """A nested block is charged with the changes made within it."""

        async def test(case):
            os.environ["OUTER"] = "1"
            with case.assertRaises(AssertionError) as raised:
                async with no_leaks(leak_detectors=STRICT_DETECTORS):
                    os.environ["OUTER"] = "2"
            case.assertIn("was '1', is '2'", str(raised.exception))
            case.assertEqual(os.environ.pop("OUTER"), "1")

        self.assertEqual(self.leaks(test), [])
