"""The mini-project: a client, a service on top with a time-out of its own, and its tests."""

import asyncio
import unittest
from typing import Any

from asynctestkit import HygienicAsyncTestCase
from asynctestkit.mocks import after, never

Json = dict[str, Any]


class API:
    """The client. `session` is an aiohttp.ClientSession, or a mock of one."""

    def __init__(self, session: Any) -> None:
        self._session = session

    async def get_user(self, number: int) -> Json:
        async with self._session.get(f"http://api/users/{number}") as response:
            response.raise_for_status()
            user: Json = await response.json()
            return user


async def load_profile(api: API, number: int, *, timeout: float = 0.5) -> Json:
    """The profile of a user; a substitute where the service takes too long or is down."""
    try:
        user = await asyncio.wait_for(api.get_user(number), timeout)
    except (asyncio.TimeoutError, ConnectionError) as error:
        return {"name": "unknown", "because": type(error).__name__}
    return {"name": user["name"].title(), "because": ""}


class ProfileTests(HygienicAsyncTestCase):
    deadline = 10.0

    def setUp(self) -> None:
        self.user = self.makeResponse(json={"name": "ada lovelace"})

    async def test_the_happy_path(self) -> None:
        session = self.makeSession({"GET http://api/users/7": self.user})

        self.assertEqual((await load_profile(API(session), 7))["name"], "Ada Lovelace")

        session.get.assert_called_once_with("http://api/users/7")
        self.user.json.assert_awaited_once_with()
        self.assertTrue(self.user.closed)

    async def test_a_slow_service(self) -> None:
        """The time-out is load_profile's own: the request is cancelled, and nothing is left behind."""
        session = self.makeSession({"GET http://api/users/*": never()})
        profile = await load_profile(API(session), 7, timeout=0.01)
        self.assertEqual(profile["because"], asyncio.TimeoutError.__name__)

    async def test_a_slow_body(self) -> None:
        """Late is late, wherever the time goes; the response is closed on the way out."""
        body = self.makeResponse(chunks=['{"name": ', after(3600, '"ada"}')])
        session = self.makeSession({"GET http://api/users/*": body})
        profile = await load_profile(API(session), 7, timeout=0.01)
        self.assertEqual(profile["name"], "unknown")
        self.assertTrue(body.closed)

    async def test_a_service_that_is_down(self) -> None:
        """An error of the dependency is not a time-out."""
        session = self.makeSession({"GET http://api/users/*": ConnectionResetError()})
        self.assertEqual((await load_profile(API(session), 7))["because"], "ConnectionResetError")

    async def test_the_service_alone(self) -> None:
        """Patched where it is used, with the signature of the real method."""
        get_user = self.patchAsync(
            f"{__name__}.API.get_user", outcomes=[{"name": "grace"}, after(0, KeyError("id"))]
        )
        api = API(session=None)
        self.assertEqual((await load_profile(api, 7))["name"], "Grace")
        get_user.assert_awaited_once_with(api, 7)
        with self.assertRaises(KeyError):
            await load_profile(api, 8)
        self.assertAllAwaited(get_user)


if __name__ == "__main__":
    unittest.main()
