"""A task that must be cancelled is cancelled; pending tasks that must not exist are listed."""

import asyncio
import unittest

from asynctestkit import HygienicAsyncTestCase
from asynctestkit.assertions.tasks import TaskAssertions
from tests.assertions.clock import JumpingTestCase, normalised


async def hangs():
    await asyncio.get_running_loop().create_future()


async def ends(value=None, error=None):
    try:
        await hangs()
    except asyncio.CancelledError:
        if error is not None:
            raise error from None
        return value


async def refuses():
    while True:
        try:
            await hangs()
        except asyncio.CancelledError:
            pass


class TaskCancelledTests(TaskAssertions, JumpingTestCase):
    clock = "virtual"

    async def test_it_is_cancelled(self):
        """It passes if the assertion, or other code before it, has cancelled the task."""
        task = self.loop.create_task(hangs())
        await self.assertTaskCancelled(task)
        await self.assertTaskCancelled(task, 0)

    async def test_it_returned_or_raised(self):
        """It fails if the task returned or raised, before the cancellation or instead of it."""
        through = (
            "remedy: let CancelledError through: re-raise it, and catch Exception rather than BaseException"
        )
        for value, error, what in ((5, None, "returned 5"), (0, OSError("x"), "raised OSError: x")):
            task = self.loop.create_task(ends(value, error), name="bg")
            await asyncio.sleep(0)
            failure = await self.assertFailsWith(
                f"task 'bg', defined at test_tasks.py:N in ends, {what} when it was cancelled\n{through}",
                self.assertTaskCancelled(task),
            )
            self.assertIs(failure.__cause__, error)
            await self.assertFailsWith(
                f"task 'bg', defined at test_tasks.py:N in ends, {what} before it was cancelled\n"
                "remedy: cancel it while it still waits : why",
                self.assertTaskCancelled(task, msg="why"),
            )

    async def test_it_refuses(self):
        """A task that refuses is abandoned after the given time."""
        task = self.loop.create_task(refuses(), name="bg")
        await asyncio.sleep(0)
        await self.assertFailsWith(
            "task 'bg' was cancelled, did not end in 2 s, and was abandoned\n"
            "it stood at:\n"
            "  test_tasks.py:N in refuses\n"
            "  test_tasks.py:N in hangs\n"
            "  which waits on a Future that nobody has set\n"
            "remedy: let CancelledError through: re-raise it, and catch Exception rather than BaseException",
            self.assertTaskCancelled(task, within=2),
        )
        self.assertEqual(self.now(), 2)

    async def test_wrong_arguments(self):
        """An object that is no task, the calling task and an invalid time are rejected."""
        with self.assertRaisesRegex(TypeError, "^assertTaskCancelled takes a task, not 42$"):
            await self.assertTaskCancelled(42)
        with self.assertRaisesRegex(ValueError, "cannot await the end of the task that awaits it"):
            await self.assertTaskCancelled(asyncio.current_task())
        with self.assertRaisesRegex(ValueError, "^within must be"):
            await self.assertTaskCancelled(asyncio.current_task(), -1)


class NoPendingTasksTests(TaskAssertions, JumpingTestCase):
    clock = "virtual"

    async def test_none(self):
        """The caller, and tasks that wait for it, do not count."""
        self.assertNoPendingTasks()

        async def asserts():
            self.assertNoPendingTasks()

        await self.loop.create_task(asserts())
        await asyncio.gather(asserts())

    async def test_some(self):
        """Pending tasks are listed as leaks are."""
        tasks = [self.loop.create_task(hangs(), name="b")]
        tasks += [self.loop.create_task(hangs(), name="a")]
        await asyncio.sleep(0)
        with self.assertRaises(AssertionError) as caught:
            self.assertNoPendingTasks(msg="why")
        text = normalised(str(caught.exception))
        stands = (
            "   stands at:\n     test_tasks.py:N in hangs\n     which waits on a Future that nobody has set\n"
            "   remedy: await it, or cancel it and await it: self.startBackground(…) does both at tear-down"
        )
        self.assertEqual(
            "\n".join(line for line in text.split("\n") if "created" not in line and "test_some" not in line),
            "2 tasks pending, where there should be none:\n"
            f"\n1. task 'a', still pending: hangs(), defined at test_tasks.py:N in hangs\n{stands}\n"
            f"\n2. task 'b', still pending: hangs(), defined at test_tasks.py:N in hangs\n{stands} : why",
        )
        for task in tasks:
            await self.assertTaskCancelled(task)


class HygienicTests(HygienicAsyncTestCase):
    async def test_the_tests_own_task(self):
        """In a test of the library's case, and in its hooks, no other task is running."""
        self.assertNoPendingTasks()

    async def asyncSetUp(self):
        self.assertNoPendingTasks()


class PlainTests(TaskAssertions, unittest.IsolatedAsyncioTestCase):
    async def test_the_tests_own_task(self):
        """In a plain test case no other task is running either."""
        self.assertNoPendingTasks()


if __name__ == "__main__":
    unittest.main()
