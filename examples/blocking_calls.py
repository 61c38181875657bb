"""No call that blocks the loop unseen: what computes goes to a thread, and a limit keeps watch."""

import asyncio
import hashlib
import unittest

from asynctestkit import HygienicAsyncTestCase


def derive_key(password: str) -> bytes:
    """Slow on purpose, and no coroutine: called directly, it would hold up everything else."""
    return hashlib.pbkdf2_hmac("sha256", password.encode(), b"salt", 50_000)


async def check_password(password: str, key: bytes) -> bool:
    return await asyncio.to_thread(derive_key, password) == key


class PasswordTests(HygienicAsyncTestCase):
    blocking_threshold = 1.0  # wall seconds that one callback may hold the loop; in your suite, say, 0.1

    async def test_a_password(self) -> None:
        key = await asyncio.to_thread(derive_key, "sesame")
        self.assertTrue(await check_password("sesame", key))
        self.assertFalse(await check_password("open", key))

    async def test_others_go_on_meanwhile(self) -> None:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0)
                ticks += 1

        self.startBackground(tick(), name="bg:tick")
        await check_password("sesame", b"")
        self.assertGreater(ticks, 0)


if __name__ == "__main__":
    unittest.main()
