"""What a handle calls, and whether asyncio has registered it."""

import asyncio
import functools
import unittest

from asynctestkit.stacks.handles import callback_name, is_of_asyncio


class HandleTests(unittest.TestCase):
    def setUp(self):
        self.loop = asyncio.SelectorEventLoop()
        self.addCleanup(self.loop.close)

    def test_the_name_is_the_innermost_functions(self):
        """Partials are opened; a callable without a name is named by its class."""

        class Callable:
            def __call__(self):
                pass

        for callback, name in (
            (print, "print"),
            (functools.partial(functools.partial(print, 1), 2), "print"),
            (self.loop.stop, "BaseEventLoop.stop"),
            (Callable(), Callable.__qualname__),
        ):
            with self.subTest(name):
                self.assertEqual(callback_name(self.loop.call_later(60, callback)), name)

    def test_what_users_pass_of_asyncio_is_theirs(self):
        """Only functions that no one but asyncio registers are asyncio's."""
        for callback in (print, self.loop.stop, asyncio.Event().set, asyncio.Queue().put_nowait):
            timer = self.loop.call_later(60, callback)
            self.assertFalse(is_of_asyncio(timer))
            timer.cancel()
        timers = []

        async def sleep():
            future = asyncio.ensure_future(asyncio.sleep(3600))
            await asyncio.sleep(0)
            timers.extend(map(is_of_asyncio, self.loop._scheduled))
            future.cancel()

        self.loop.run_until_complete(sleep())
        self.assertEqual(timers, [True])
