"""Audit events are passed on while a test asks for them."""

import subprocess
import sys
import unittest
from unittest import mock

from asynctestkit.cpython import changes
from asynctestkit.leaks.census.audit import Listeners
from tests.case_runs import ROOT


class ListenersTests(unittest.TestCase):
    def setUp(self):
        patch = mock.patch.dict(changes._in_force, clear=True)  # or the hook would be that of the process
        patch.start()
        self.addCleanup(patch.stop)
        self.heard = []
        self.listeners = Listeners()
        self.listeners.add(
            "asynctestkit.tests", lambda arguments, frame: self.heard.append((arguments, frame))
        )

    def test_an_event_is_heard(self):
        """A listener gets the arguments of an event, and its frame."""
        self.listeners.enter()
        sys.audit("asynctestkit.tests", 1, "two")
        sys.audit("asynctestkit.others", 3)
        self.listeners.leave()
        ((arguments, frame),) = self.heard
        self.assertEqual((arguments, frame.f_code.co_name), ((1, "two"), "test_an_event_is_heard"))

    def test_between_tests_nothing_is_heard(self):
        """No event is passed on before the first test and after the last of several that overlap."""
        sys.audit("asynctestkit.tests", "before")
        self.listeners.enter()
        self.listeners.enter()
        self.listeners.leave()
        sys.audit("asynctestkit.tests", "within")
        self.listeners.leave()
        sys.audit("asynctestkit.tests", "after")
        self.assertEqual([arguments for arguments, _ in self.heard], [("within",)])

    def test_it_is_taken_back_as_far_as_that_goes(self):
        """The hook cannot be removed: undone, it ignores every event; the next test installs another."""
        self.listeners.enter()
        changes.take_back()
        sys.audit("asynctestkit.tests", "after")
        self.assertEqual(self.heard, [])
        self.listeners.enter()
        sys.audit("asynctestkit.tests", "again")
        self.assertEqual([arguments for arguments, _ in self.heard], [("again",)])
        changes.take_back()

    def test_the_hook_is_installed_once_and_by_need(self):
        """The hook is installed once, when a test first asks for events, and stays until the process ends."""
        source = """if True:
            import sys, unittest
            from asynctestkit import DEFAULT_DETECTORS, STRICT_DETECTORS, HygienicAsyncTestCase
            installed = []
            original = sys.addaudithook
            sys.addaudithook = lambda hook: (installed.append(hook), original(hook))

            class Case(HygienicAsyncTestCase):
                def test(self): pass

            for detectors in (DEFAULT_DETECTORS, STRICT_DETECTORS, STRICT_DETECTORS):
                Case.leak_detectors = detectors
                Case("test").run()
                print(len(installed))

            class AtExit:
                def __del__(self): open(__file__ if "__file__" in globals() else sys.executable).close()
            sys.last = AtExit()
        """
        done = subprocess.run(
            [sys.executable, "-c", source], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
        )
        self.assertEqual((done.stdout, done.stderr), ("0\n1\n1\n", ""))
