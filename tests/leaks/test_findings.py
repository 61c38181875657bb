"""What is found is kept, unless it is allowed."""

import asyncio
import unittest

from asynctestkit import Allowance, Leak, LeakDetector
from asynctestkit.leaks.announcement import Announcement
from asynctestkit.leaks.census import Census
from asynctestkit.leaks.findings import Findings
from asynctestkit.leaks.panel import Panel


class Things(LeakDetector):
    """Each string is a leak of that name, and each announcement one; others are none."""

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
        self.findings = Findings(Panel([Things]), census, [self.allowance])

    def test_judge(self):
        """With the phase that goes on, if that is not known better."""
        detector, leak = self.findings.judge("one")
        self.assertIsInstance(detector, Things)
        self.assertEqual((leak.name, leak.phase), ("one", "tearDown"))
        self.assertEqual(self.findings.judge(b"one"), (None, None))

    def test_what_does_not_show_itself_has_no_phase(self):
        """It comes to light when the loop is closed, and may have been there long before."""
        self.assertEqual(self.findings.judge(Announcement("text", None))[1].phase, "")
        self.assertEqual(self.findings.judge(Announcement("text", self))[1].phase, "tearDown")

    def test_hear(self):
        """A leak is one, allowed or not; only one that is not allowed is kept."""
        self.assertEqual(
            [self.findings.hear(each) for each in ("one", "allowed", b"two")], [True, True, False]
        )
        self.assertEqual([leak.name for leak in self.findings.leaks], ["one"])
        self.assertEqual(self.findings.used_allowances, {self.allowance})

    def test_allows(self):
        """Asking does not use an allowance up."""
        answers = [self.findings.allows(each) for each in ("one", "allowed", b"allowed")]
        self.assertEqual(answers, [False, True, False])
        self.assertEqual(self.findings.used_allowances, set())
