"""Awaited, and not merely called: AsyncMock's assertions, and calls whose `await` was forgotten."""

import unittest
from typing import Any
from unittest import mock

from asynctestkit import HygienicAsyncTestCase


class Signup:
    """Greets who has signed up. `mailer` has an asynchronous `send`."""

    def __init__(self, mailer: Any) -> None:
        self._mailer = mailer

    async def register(self, address: str) -> None:
        await self._mailer.send(address, "Welcome")
        await self._mailer.flush()


class SignupTests(HygienicAsyncTestCase):
    def setUp(self) -> None:
        self.mailer = mock.AsyncMock(name="mailer")

    async def test_the_greeting_is_sent(self) -> None:
        await Signup(self.mailer).register("ada@example.org")
        self.mailer.send.assert_awaited_once_with("ada@example.org", "Welcome")
        self.assertAwaitedInOrder(self.mailer.send, self.mailer.flush)
        self.assertAllAwaited(self.mailer)  # and every mock below it

    async def test_a_call_is_no_await(self) -> None:
        forgotten = self.mailer.send("ada@example.org", "Welcome")  # what a missing `await` does
        self.mailer.send.assert_called_once()  # content, though nothing was sent
        with self.assertRaisesRegex(AssertionError, r"never awaited:\n- mailer\.send\('ada@example\.org'"):
            self.assertAllAwaited(self.mailer)
        await forgotten
        self.assertAllAwaited(self.mailer)


if __name__ == "__main__":
    unittest.main()
