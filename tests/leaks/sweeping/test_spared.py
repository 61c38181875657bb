"""What an allowance lets live is later destroyed silently."""

import asyncio
import socket
import unittest
import warnings

from asynctestkit.cpython import transport_internals
from asynctestkit.leaks.sweeping.spared import spare, spared


async def coroutine():
    pass


class SparedTests(unittest.TestCase):
    def test_a_coroutine_that_is_destroyed(self):
        """Its destruction is reported once, as its address may then be reused."""
        made, other = coroutine(), coroutine()
        self.addCleanup(other.close)
        spare(made)
        identity = id(made)
        self.assertFalse(spared.was_destroyed(made))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            del made
        self.assertIn(identity, spared.destroyed)
        spared.destroyed.discard(identity)
        self.assertFalse(spared.was_destroyed(other))

    def test_a_transport(self):
        """A transport does not warn when it is destroyed open."""

        async def connect():
            mine, self.theirs = socket.socketpair()
            return await loop.create_connection(asyncio.Protocol, sock=mine)

        self.addCleanup(transport_internals.hook_unclosed_transports(lambda _: False))
        loop = asyncio.SelectorEventLoop()
        transport, _ = loop.run_until_complete(connect())
        self.addCleanup(self.theirs.close)
        self.addCleanup(loop.close)
        with warnings.catch_warnings(record=True) as shown:
            warnings.simplefilter("always")
            spare(transport)
            transport.__del__()
        self.assertEqual(shown, [])
        transport.abort()
        loop.run_until_complete(asyncio.sleep(0))

    def test_anything_else(self):
        """Any other object is left as it is."""
        before = set(spared.destroyed)
        spare(self)
        self.assertEqual(spared.destroyed, before)
