"""Connections to a database that does not exist, for the exploration of connection pools."""

import asyncio
import types

from psycopg.pq import TransactionStatus


class Connection:
    """As much of psycopg's AsyncConnection as its pool uses; each step takes a second."""

    def __init__(self):
        self.pgconn = types.SimpleNamespace(transaction_status=TransactionStatus.IDLE)
        self.closed = False

    @classmethod
    async def connect(cls, conninfo="", **options):
        await asyncio.sleep(1)  # waits: on virtual time
        return cls()

    async def check(self):
        await asyncio.sleep(1)  # waits: on virtual time

    async def close(self):
        self.closed = True

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        """Commits."""
