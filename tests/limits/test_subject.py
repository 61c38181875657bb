"""A guard has every member that the limits need."""

import asyncio
import unittest

from asynctestkit.lifecycle.guard import Guard
from asynctestkit.limits.subject import Code, Created, Subject
from asynctestkit.loops.foreign_runner import ForeignRunner
from asynctestkit.loops.runner import Runner
from asynctestkit.settings import Settings


def members(protocol):
    """The members of a protocol, inherited ones included."""
    found = set()
    for base in protocol.__mro__[:-1]:
        names = {*vars(base), *vars(base).get("__annotations__", ())}
        found |= {name for name in names if not name.startswith("_")}
    return sorted(found)


def opened_guard(case):
    """A guard over a test that is under way until the case ends."""
    loop = asyncio.SelectorEventLoop()
    case.addCleanup(loop.close)
    guard = Guard("Feed.test", ("feed.py", 1), Settings(), {}, ForeignRunner(loop))
    guard.open(loop)
    case.addCleanup(guard.close)
    return guard


class SubjectTests(unittest.TestCase):
    def test_the_members_of_a_protocol(self):
        """Attributes, properties and methods of a protocol are all found."""
        self.assertEqual(members(Code), ["cancel", "give_up", "is_of_test", "main_task", "references"])
        self.assertLessEqual({"census", "clock", "code", "loop", "subject"}, set(members(Subject)))

    def test_a_guard_is_one(self):
        """From `open` to `close` a guard has every member of the protocol, and so have its parts."""
        guard = opened_guard(self)
        self.assertEqual([name for name in members(Subject) if not hasattr(guard, name)], [])
        self.assertEqual([name for name in members(Created) if not hasattr(guard.census, name)], [])

    def test_runners_are_code(self):
        """Our runner and the stand-in for a suite's own have every member of the protocol."""
        loop = asyncio.SelectorEventLoop()
        self.addCleanup(loop.close)
        for runner in (Runner(None, print), ForeignRunner(loop)):
            with self.subTest(type(runner)):
                self.assertEqual([name for name in members(Code) if not hasattr(runner, name)], [])
