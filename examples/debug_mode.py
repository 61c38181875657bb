"""asyncio's debug mode, and what it is good for in tests without its cost: forgotten awaits are found."""

import asyncio
import unittest

from asynctestkit import HygienicAsyncTestCase, LeakError, no_leaks


class Audit:
    def __init__(self) -> None:
        self.lines: list[str] = []

    async def write(self, line: str) -> None:
        await asyncio.sleep(0)
        self.lines.append(line)


async def delete_account(audit: Audit, name: str, *, is_dry_run: bool = False) -> None:
    if is_dry_run:
        audit.write(f"would delete {name}")  # the bug: nobody awaits it
        return
    await audit.write(f"deleted {name}")


class AccountTests(HygienicAsyncTestCase):
    async def test_a_forgotten_await_is_found_in_any_mode(self) -> None:
        """The report names the call; here it is off, unless PYTHONASYNCIODEBUG=1 or -X dev ask for it."""
        with self.assertRaises(LeakError) as caught:
            async with no_leaks():
                await delete_account(Audit(), "ada", is_dry_run=True)
        (leak,) = caught.exception.leaks
        self.assertEqual((leak.kind, leak.name), ("coroutine", "Audit.write"))
        self.assertEqual(leak.created_at[-1].function, "delete_account")


class DebugModeTests(HygienicAsyncTestCase):
    asyncio_debug = True  # for one class; PYTHONASYNCIODEBUG=1 for a run in CI

    async def test_an_account_is_deleted(self) -> None:
        self.assertTrue(asyncio.get_running_loop().get_debug())
        audit = Audit()
        await delete_account(audit, "ada")
        self.assertEqual(audit.lines, ["deleted ada"])


if __name__ == "__main__":
    unittest.main()
