"""Canary for the private parts of `asyncio.run_coroutine_threadsafe`."""

import asyncio
from unittest import mock

from asynctestkit.cpython import threadsafe_internals
from tests.cpython.canaries import Canary


def run_coroutine_threadsafe():
    def callback():
        pass

    return callback


class ThreadsafeCanaries(Canary):
    def test_awaitable_to_run(self):
        """The coroutine of asyncio's callback is found; other callbacks have none."""
        coroutine = asyncio.sleep(0)
        with mock.patch.object(self.loop, "call_soon_threadsafe") as sent:
            asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        self.assertIs(threadsafe_internals.awaitable_to_run(sent.call_args[0][0]), coroutine)
        coroutine.close()
        for callback in (print, mock.Mock(), self.test_awaitable_to_run, run_coroutine_threadsafe()):
            self.assertIsNone(threadsafe_internals.awaitable_to_run(callback))
