"""Code that catches everything hides a wrong URL: its test would pass, for the wrong reason."""

import unittest
from typing import Any

from asynctestkit import HygienicAsyncTestCase


async def is_healthy(session: Any) -> bool:
    try:
        async with session.get("http://shop/heatlh") as response:
            return bool(response.ok)
    except Exception:
        return False


class HealthTests(HygienicAsyncTestCase):
    async def test_a_shop_that_is_down(self) -> None:
        session = self.makeSession({"GET http://shop/health": ConnectionError("down")})
        self.assertFalse(await is_healthy(session))


if __name__ == "__main__":
    unittest.main()
