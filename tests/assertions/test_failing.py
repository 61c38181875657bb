"""The settings that apply to an assertion; test_timing has bad times and awaitables."""

import asyncio
import unittest
from fractions import Fraction

from asynctestkit import HygienicAsyncTestCase, hygiene
from asynctestkit.assertions.failing import Failing, check_awaitable, check_seconds, close


class FailingTests(Failing, unittest.TestCase):
    def test_defaults(self):
        """A plain test case has the defaults."""
        self.assertEqual(self._hygieneSettings().grace_period, 0.5)

    def test_attributes(self):
        """Attributes of a plain test case override the defaults."""
        self.grace_period, self.deadline = 2, 7
        self.assertEqual((self._hygieneSettings().grace_period, self._hygieneSettings().deadline), (2, 7))

    def test_times(self):
        """Every real number is accepted."""
        self.assertEqual(check_seconds(Fraction(1, 2), "seconds"), 0.5)

    def test_awaitables(self):
        """Awaitables are accepted."""
        coroutine = asyncio.sleep(0)
        check_awaitable(coroutine, "taker")
        close(coroutine)
        with self.assertRaisesRegex(RuntimeError, "closed|reuse"):
            coroutine.send(None)


class HygienicTests(HygienicAsyncTestCase):
    @hygiene(grace_period=0.25)
    async def test_settings(self):
        """With HygieneMixin the settings are those of the test itself."""
        self.assertEqual(self._hygieneSettings().grace_period, 0.25)


if __name__ == "__main__":
    unittest.main()
