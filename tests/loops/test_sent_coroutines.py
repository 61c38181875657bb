"""A task whose coroutine was sent to the loop records where that was done."""

import asyncio
import threading
import unittest

from asynctestkit.loops.loop import HygienicEventLoop
from asynctestkit.stacks.places import creation_site, resolve
from tests.leaks.contract import run_body


async def forever():
    await asyncio.Event().wait()


def send(loop):
    asyncio.run_coroutine_threadsafe(forever(), loop)  # sends it


class Awaitable:
    def __await__(self):
        return forever().__await__()


class SentCoroutinesTests(unittest.TestCase):
    def functions(self, body, **members):
        """The functions on the way to the one leak of a test, outermost first, and its phase."""
        (leak,) = run_body(body, **members).leaks
        self.assertEqual(leak.kind, "task")
        return [place.function for place in leak.created_at], leak.phase

    def test_sent_by_the_test(self):
        """The way leads from the test's line to the one that sends the coroutine."""

        async def test(case):
            send(asyncio.get_running_loop())

        self.assertEqual(self.functions(test), (["test", "send"], "test"))

    def test_several_that_are_sent(self):
        """Each of several has a line of its own."""

        async def test(case):
            send(asyncio.get_running_loop())
            send(asyncio.get_running_loop())

        first, second = (leak.created_at[0].line for leak in run_body(test).leaks)
        self.assertEqual(abs(first - second), 1)

    def test_sent_by_a_task(self):
        """The way begins at the line of the test that the sending task goes back to."""

        async def sender():
            send(asyncio.get_running_loop())

        async def test(case):
            await asyncio.create_task(sender())

        self.assertEqual(self.functions(test), (["test", "sender", "send"], "test"))

    def test_sent_by_another_thread(self):
        """In another thread the way is that thread's own."""

        async def test(case):
            loop = asyncio.get_running_loop()
            thread = threading.Thread(target=lambda: send(loop))
            thread.start()
            await loop.run_in_executor(None, thread.join)

        functions, _ = self.functions(test)
        self.assertEqual(functions, ["<lambda>", "send"])

    def test_sent_in_set_up(self):
        """The phase is the one in which the coroutine was sent, though the task is created later."""

        def set_up(case):
            case.kept = forever()
            case._asyncioTestLoop.call_soon_threadsafe(case._asyncioTestLoop.create_task, case.kept)

        async def test(case):
            await asyncio.sleep(0)

        self.assertEqual(self.functions(test, setUp=set_up), (["set_up"], "setUp"))

    def test_what_is_no_coroutine(self):
        """Another awaitable can be sent, and leaks as before: asyncio wraps it, and no place is known."""

        async def test(case):
            asyncio.get_running_loop().call_soon_threadsafe(asyncio.ensure_future, Awaitable())

        self.assertEqual(self.functions(test), ([], "test"))

    def test_what_a_task_creates_is_its_own(self):
        """A coroutine that was sent and that a task starts before is created where the task does it."""
        loop = HygienicEventLoop()
        self.addCleanup(loop.close)

        async def main():
            coroutine = asyncio.sleep(0)
            loop.call_soon_threadsafe(len, [], coroutine)
            await asyncio.sleep(0)
            return await starts(coroutine)

        async def starts(coroutine):
            task = asyncio.create_task(coroutine)
            await task
            return task

        loop.set_exception_handler(lambda *_: None)  # of len(), which takes one argument
        (place,) = resolve(creation_site(loop.run_until_complete(main())))[-1:]
        self.assertEqual(place.function, "starts")
