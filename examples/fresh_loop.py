"""A fresh loop for every test: what one test starts or sets is not there in the next."""

import asyncio
import contextvars
import unittest

from asynctestkit import HygienicAsyncTestCase

tenant: contextvars.ContextVar[str] = contextvars.ContextVar("tenant", default="nobody")


class Mailbox:
    """Collects what arrives for a tenant, in a task of its own."""

    def __init__(self) -> None:
        self.letters: asyncio.Queue[str] = asyncio.Queue()
        self.read: list[str] = []

    async def collect(self) -> None:
        while True:
            self.read.append(f"{tenant.get()}: {await self.letters.get()}")


class MailboxTests(HygienicAsyncTestCase):
    loops: list[asyncio.AbstractEventLoop] = []

    async def asyncSetUp(self) -> None:
        """Each of the two tests finds the same: a loop that no test had, this task alone, no tenant."""
        self.assertNotIn(asyncio.get_running_loop(), self.loops)
        self.assertEqual(asyncio.all_tasks(), {asyncio.current_task()})
        self.assertEqual(tenant.get(), "nobody")
        self.loops.append(asyncio.get_running_loop())

    async def collect(self, name: str) -> list[str]:
        tenant.set(name)
        mailbox = Mailbox()
        self.startBackground(mailbox.collect(), name="bg:mailbox")  # the case ends it
        mailbox.letters.put_nowait("hello")
        await self.settle()
        return mailbox.read

    async def test_one_tenant(self) -> None:
        self.assertEqual(await self.collect("ada"), ["ada: hello"])

    async def test_another(self) -> None:
        self.assertEqual(await self.collect("grace"), ["grace: hello"])


if __name__ == "__main__":
    unittest.main()
