"""Randomness with a seed, and time that stands still: the same tokens, the same expiry in every run."""

import asyncio
import random
import time
import unittest

from asynctestkit import HygienicAsyncTestCase


class Tokens:
    """Tokens that are valid for an hour, by the time of day."""

    def __init__(self) -> None:
        self._expiry: dict[str, float] = {}

    def issue(self) -> str:
        token = f"{random.getrandbits(64):016x}"
        self._expiry[token] = time.time() + 3600
        return token

    def is_valid(self, token: str) -> bool:
        return time.time() < self._expiry[token]


class TokenTests(HygienicAsyncTestCase):
    random_seed = 42  # without this line, the seed is derived from the test's name
    clock = "virtual"
    patch_time = True  # `time.time()` and `time.sleep()` follow the virtual clock

    async def test_a_token_is_valid_for_an_hour(self) -> None:
        tokens = Tokens()
        token = tokens.issue()
        await asyncio.sleep(3599)
        self.assertTrue(tokens.is_valid(token))
        await asyncio.sleep(1)
        self.assertFalse(tokens.is_valid(token))

    async def test_tokens_are_the_same_in_every_run(self) -> None:
        expected = random.Random(self.seed)
        self.assertEqual(Tokens().issue(), f"{expected.getrandbits(64):016x}")

    async def test_time_stands_still_between_awaits(self) -> None:
        before = time.time()
        sum(range(100_000))
        self.assertEqual(time.time(), before)


if __name__ == "__main__":
    unittest.main()
