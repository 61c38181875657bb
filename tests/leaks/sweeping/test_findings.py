"""Leaks are kept unless they are allowed."""

import asyncio
import os
import sys
import sysconfig
import types
import unittest
from unittest import mock

from asynctestkit import Allowance, Leak, LeakDetector, TaskLeaks
from asynctestkit.leaks.census.announcement import Announcement
from asynctestkit.leaks.census.census import Census
from asynctestkit.leaks.sweeping.findings import Findings
from asynctestkit.leaks.sweeping.panel import Detectors, Panel
from tests.leaks.contract import Inner, run_body


class Things(LeakDetector):
    """Each string is a leak of that name, and so is each announcement; other objects are none."""

    kind = "thing"
    types = (str, bytes, Announcement)

    def examine(self, obj):
        if isinstance(obj, bytes):
            return None
        return Leak(kind=self.kind, name=obj if isinstance(obj, str) else "said", description="there")


class FindingsTests(unittest.TestCase):
    def setUp(self):
        loop = asyncio.SelectorEventLoop()
        self.addCleanup(loop.close)
        self.allowance = Allowance("thing", name="allowed", reason="why not")
        census = Census((), ())
        census.open(loop)
        self.addCleanup(census.close)
        census.phase = "tearDown"
        self.findings = Findings(Panel(Detectors([Things]), []), census, [self.allowance], [], set())

    def test_judge(self):
        """A leak gets the current phase, unless the object's own phase is known."""
        detector, leak = self.findings.judge("one")
        self.assertIsInstance(detector, Things)
        self.assertEqual((leak.name, leak.phase), ("one", "tearDown"))
        self.assertEqual(self.findings.judge(b"one"), (None, None))

    def test_what_does_not_show_itself_has_no_phase(self):
        """A leak found when the loop is closed has no phase, as it may be older."""
        self.assertEqual(self.findings.judge(Announcement("text", None))[1].phase, "")
        self.assertEqual(self.findings.judge(Announcement("text", self))[1].phase, "tearDown")

    def test_hear(self):
        """Allowed or not, it is a leak; it is kept only if it is not allowed."""
        self.assertEqual(
            [self.findings.add_if_leak(each) for each in ("one", "allowed", b"two")], [True, True, False]
        )
        self.assertEqual([leak.name for leak in self.findings.leaks], ["one"])
        self.assertEqual(self.findings.used_allowances, {self.allowance})

    def test_allows(self):
        """Asking does not mark an allowance as used."""
        answers = [self.findings.allows(each) for each in ("one", "allowed", b"allowed")]
        self.assertEqual(answers, [False, True, False])
        self.assertEqual(self.findings.used_allowances, set())


PACKAGE = """
import asyncio
import socket
import threading

class Client:
    async def connect(self):
        self.kept = await self._open()

    async def _open(self):
        {opens}
"""


class MadeByPackagesTests(unittest.TestCase):
    """An object that an installed package created is closed with the package's object, which is named."""

    def leak(self, opens):
        file = os.path.join(sysconfig.get_path("stdlib"), "site-packages", "client", "_client.py")
        module = types.ModuleType("client._client")
        module.__file__ = file
        exec(compile(PACKAGE.format(opens=opens), file, "exec"), vars(module))

        async def test(case):
            case.client = module.Client()
            await case.client.connect()  # here
            self.number = sys._getframe().f_lineno - 1

        with mock.patch.dict(sys.modules, {module.__name__: module}):
            (leak,) = run_body(test, settle_time=0.05).leaks
        return leak

    def test_its_object_is_named(self):
        """The package's object is named instead of its part; the place is the user's line."""
        for opens, kind in (
            ("return asyncio.create_task(asyncio.sleep(3600))", "task"),
            ("return asyncio.get_running_loop().call_later(3600, print)", "timer"),
            ("return await asyncio.start_server(print, '127.0.0.1', 0)", "server"),
            ("return socket.socket()", "socket"),
        ):
            with self.subTest(kind):
                leak = self.leak(opens)
                self.assertEqual((leak.kind, leak.remedy), (kind, "close the client.Client that made it"))
                self.assertEqual([place[:2] for place in leak.created_at], [(__file__, self.number)])

    def test_what_has_failed(self):
        """The remedy of an unretrieved exception is not to close something."""
        leak = self.leak("return asyncio.ensure_future(asyncio.wait_for(None, 1))")
        self.assertEqual((leak.kind, leak.remedy), ("exception", "await it, or retrieve its exception()"))

    def test_a_detector_of_the_users_own(self):
        """The remedy of a user's detector is unchanged."""

        class Tasks(TaskLeaks):
            pass

        with mock.patch.object(Inner, "leak_detectors", (Tasks,)):
            leak = self.leak("return asyncio.create_task(asyncio.sleep(3600))")
        self.assertIn("startBackground", leak.remedy)
