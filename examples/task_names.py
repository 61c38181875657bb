"""Background tasks with names: every report says `bg:rates-EUR` rather than `Task-7`."""

import asyncio
import unittest
from collections.abc import Iterable

from asynctestkit import HygienicAsyncTestCase, LeakError, no_leaks


class Rates:
    """Follows the rates of currencies, one task for each."""

    def __init__(self, currencies: Iterable[str]) -> None:
        self.tasks = [asyncio.create_task(self._follow(c), name=f"bg:rates-{c}") for c in currencies]

    async def _follow(self, currency: str) -> None:
        await asyncio.Event().wait()  # no rate comes in

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.wait(self.tasks)


class RatesTests(HygienicAsyncTestCase):
    require_task_names = True  # a task that a test starts without a name fails it

    async def test_each_currency_has_a_task(self) -> None:
        rates = Rates(["EUR", "CHF"])
        self.addAsyncCleanup(rates.close)
        self.startBackground(asyncio.Event().wait(), name="bg:display")
        running = {task.get_name() for task in asyncio.all_tasks() - {asyncio.current_task()}}
        self.assertEqual(running, {"bg:rates-EUR", "bg:rates-CHF", "bg:display"})

    async def test_the_report_has_the_names(self) -> None:
        with self.assertRaisesRegex(LeakError, "task 'bg:rates-EUR'"):
            async with no_leaks():
                Rates(["EUR"])


if __name__ == "__main__":
    unittest.main()
