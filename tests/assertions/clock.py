"""A loop whose clock jumps to the next timer when nothing is ready: exact, and without waiting."""

import asyncio
import re
import selectors
import unittest

__all__ = ["JumpingTestCase", "normalised"]


class JumpingSelector(selectors.DefaultSelector):
    now = 0.0

    def select(self, timeout=None):
        events = super().select(0)
        if not events and timeout is None:
            raise RuntimeError("nothing can ever happen on this loop again")
        if not events:
            self.now += max(timeout, 0)
        return events


class JumpingLoop(asyncio.SelectorEventLoop):
    def __init__(self):
        self.jumping = JumpingSelector()
        super().__init__(self.jumping)

    def time(self):
        return self.jumping.now


class JumpingTestCase(unittest.TestCase):
    """Runs its asynchronous test methods on such a loop, as a suite with a runner of its own does."""

    maxDiff = None
    tasks_may_remain = False

    def _callTestMethod(self, method):
        self.loop = JumpingLoop()
        try:
            self.loop.run_until_complete(self.loop.create_task(method(), name="the test"))
            if not self.tasks_may_remain:
                self.assertEqual(asyncio.all_tasks(self.loop), set())
        finally:
            self.loop.close()

    def now(self):
        return round(self.loop.time(), 6)

    def wait(self, seconds):
        """A future that is set after this time."""
        future = self.loop.create_future()
        self.loop.call_later(seconds, lambda: future.done() or future.set_result(seconds))
        return future

    async def failure(self, awaitable):
        """The failure that the awaitable raises."""
        with self.assertRaises(AssertionError) as caught:
            await awaitable
        self.assertIs(type(caught.exception), AssertionError)
        return caught.exception

    async def assertFailsWith(self, text, awaitable):
        """Asserts that it fails with this whole text, except for line numbers."""
        failure = await self.failure(awaitable)
        self.assertEqual(normalised(str(failure)), text)
        return failure


def normalised(text):
    """The text without folders, line numbers and source lines."""
    return _PLACE.sub(r"\1\2:N in \3\n", re.sub(r"[\w./-]*?(\w+\.py):\d+", r"\1:N", text + "\n"))[:-1]


_PLACE = re.compile(r"^( *)(\w+\.py):N in (\w+)\n(?:\1  (?! ).*\n)?", re.MULTILINE)
"""A line with a place, and the line of its source, which stands further in."""
