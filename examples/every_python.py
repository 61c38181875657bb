"""Limits without `asyncio.timeout`, which Python 3.10 does not have: the same test from 3.10 to 3.15."""

import asyncio
import unittest

from asynctestkit import HygienicAsyncTestCase


class Printer:
    """Prints page after page; a page takes a second."""

    def __init__(self) -> None:
        self.printed = 0

    async def print_pages(self, count: int) -> int:
        for _ in range(count):
            await asyncio.sleep(1)  # waits: on virtual time
            self.printed += 1
        return self.printed


async def print_or_give_up(printer: Printer, count: int, patience: float) -> str:
    """`asyncio.TimeoutError` is the built-in one from 3.11 on, and has to be named so before."""
    try:
        await asyncio.wait_for(printer.print_pages(count), patience)
    except asyncio.TimeoutError:
        return f"gave up after {printer.printed} pages"
    return "done"


class PrinterTests(HygienicAsyncTestCase):
    clock = "virtual"

    async def test_a_limit_for_one_awaitable(self) -> None:
        """Where newer code says `async with asyncio.timeout(5)` around one await."""
        self.assertEqual(await self.assertAwaitedWithin(Printer().print_pages(3), 5), 3)

    async def test_a_limit_for_a_block(self) -> None:
        """Where it has several awaits in the block."""
        printer = Printer()
        async with self.assertStepWithin("a letter", 5):
            await printer.print_pages(1)
            await printer.print_pages(2)
        self.assertEqual(printer.printed, 3)

    async def test_it_gives_up(self) -> None:
        self.assertEqual(await print_or_give_up(Printer(), 10, patience=3.5), "gave up after 3 pages")


if __name__ == "__main__":
    unittest.main()
