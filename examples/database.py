"""A database in the way of asyncpg: a pool to await or enter, a transaction, a cursor."""

import unittest
from collections.abc import AsyncIterator
from typing import Any
from unittest import mock

from asynctestkit import HygienicAsyncTestCase


class Accounts:
    """Moves money between accounts. `pool` is an asyncpg.Pool, or a mock of one."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    async def move(self, source: int, target: int, amount: int) -> None:
        """All or nothing."""
        async with self._pool.acquire() as connection:
            async with connection.transaction():
                await connection.execute("UPDATE … SET balance = balance - $2 WHERE id = $1", source, amount)
                await connection.execute("UPDATE … SET balance = balance + $2 WHERE id = $1", target, amount)

    async def balances(self) -> AsyncIterator[int]:
        """One after the other, without loading them all."""
        connection = await self._pool.acquire()
        try:
            async for row in connection.cursor("SELECT balance FROM …"):
                yield row["balance"]
        finally:
            await self._pool.release(connection)


class AccountsTests(HygienicAsyncTestCase):
    def setUp(self) -> None:
        self.transaction = self.makeAsyncContext()
        self.connection = mock.Mock(name="connection", spec=["transaction", "execute", "cursor"])
        self.connection.transaction.return_value = self.transaction
        self.connection.execute = mock.AsyncMock()
        self.pool = mock.Mock(name="pool", spec=["acquire", "release"])
        self.pool.acquire.return_value = self.makeAsyncContext(self.connection, awaitable=True)
        self.pool.release = mock.AsyncMock()

    def outcome(self) -> str:
        """What the transaction did, by the exception that it saw."""
        self.transaction.__aexit__.assert_awaited_once()
        return "commit" if self.transaction.__aexit__.await_args.args[0] is None else "rollback"

    async def test_commits_what_went_well(self) -> None:
        await Accounts(self.pool).move(1, 2, 50)
        self.assertEqual(self.outcome(), "commit")
        self.assertEqual(
            [call.args[1:] for call in self.connection.execute.await_args_list], [(1, 50), (2, 50)]
        )
        self.assertAwaitedInOrder(
            self.transaction.__aenter__, self.connection.execute, self.transaction.__aexit__
        )

    async def test_rolls_back_what_went_wrong(self) -> None:
        self.connection.execute.side_effect = [None, ValueError("no such account")]
        with self.assertRaisesRegex(ValueError, "no such account"):
            await Accounts(self.pool).move(1, 2, 50)
        self.assertEqual(self.outcome(), "rollback")

    async def test_gives_the_connection_back_when_the_cursor_fails(self) -> None:
        rows = [{"balance": 10}, {"balance": 20}, ConnectionError("server gone")]
        self.connection.cursor.return_value = self.makeAsyncIterator(rows)
        seen = []
        with self.assertRaisesRegex(ConnectionError, "server gone"):
            async for balance in Accounts(self.pool).balances():
                seen.append(balance)
        self.assertEqual(seen, [10, 20])
        self.pool.release.assert_awaited_once_with(self.connection)


if __name__ == "__main__":
    unittest.main()
