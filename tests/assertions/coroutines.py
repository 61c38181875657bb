"""Coroutines that hang, fail, time out, swallow cancellations, refuse them, or spin."""

import asyncio

from asynctestkit.assertions.timing import TimeAssertions
from tests.assertions.clock import JumpingTestCase

__all__ = [
    "Awaitable",
    "TimingTestCase",
    "cleans_up_for",
    "fails",
    "gives_up",
    "hangs",
    "refuses",
    "spins",
    "swallows",
    "takes",
    "translates",
]


async def hangs():
    await asyncio.get_running_loop().create_future()


async def takes(seconds, value="value"):
    await asyncio.sleep(seconds)
    return value


async def fails(error, seconds=0):
    await asyncio.sleep(seconds)
    raise error


async def gives_up(seconds):
    try:
        await asyncio.wait_for(hangs(), seconds)
    except asyncio.TimeoutError:
        raise TimeoutError("gave up") from None


async def cleans_up_for(seconds):
    try:
        await hangs()
    finally:
        await asyncio.sleep(seconds)


async def translates(error):
    try:
        await hangs()
    except asyncio.CancelledError:
        raise error from None


async def swallows():
    try:
        await hangs()
    except asyncio.CancelledError:
        return "swallowed"


async def refuses():
    while True:
        try:
            await hangs()
        except asyncio.CancelledError:
            pass


async def spins():
    while True:
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            pass


class Awaitable:
    def __init__(self, coroutine):
        self.coroutine = coroutine

    def __await__(self):
        return (yield from self.coroutine.__await__())


class TimingTestCase(TimeAssertions, JumpingTestCase):
    clock = "virtual"
    grace_period = 0.5
