"""The shape of an HTTP session: `get` is a plain call, entering it and `json()` are awaited."""

import inspect
import unittest
from typing import Any

from asynctestkit import HygienicAsyncTestCase


async def newest_release(session: Any, project: str) -> str:
    """`session` is an aiohttp.ClientSession, or a mock of one."""
    async with session.get(f"http://releases/{project}", params={"limit": 1}) as response:
        releases = await response.json()
        return str(releases[0]["version"])


class ReleaseTests(HygienicAsyncTestCase):
    async def test_the_newest_release(self) -> None:
        answer = self.makeResponse(json=[{"version": "1.4.2"}])
        session = self.makeSession({"GET http://releases/*": answer})

        self.assertEqual(await newest_release(session, "frob"), "1.4.2")

        session.get.assert_called_once_with("http://releases/frob", params={"limit": 1})
        answer.json.assert_awaited_once_with()
        self.assertTrue(answer.closed)

    async def test_what_is_a_call_and_what_an_await(self) -> None:
        session = self.makeSession({"GET *": self.makeResponse(text="pong")})
        request = session.get("http://releases/ping")
        self.assertFalse(inspect.iscoroutine(request))  # nothing has been sent so far
        async with request as response:
            self.assertEqual(await response.text(), "pong")

    async def test_a_context_of_ones_own(self) -> None:
        """For what is no HTTP session: `__aenter__` and `__aexit__` are mocks, on the type."""
        connection = self.makeAsyncContext("the connection")
        async with connection as entered:
            self.assertEqual(entered, "the connection")
        connection.__aexit__.assert_awaited_once_with(None, None, None)


if __name__ == "__main__":
    unittest.main()
