"""Classes whose metaclass forbids what is usually asked of a class are swept like any other."""

import asyncio
import concurrent.futures
import socket
import threading
import unittest

from tests.leaks.contract import run_body
from tests.leaks.metaclasses import Raising, Unhashable


class Colliding(Raising):
    def __hash__(cls):
        return 1


class Silent(type):
    def __instancecheck__(cls, obj):
        raise LookupError("asked a class for its instances")

    def __subclasscheck__(cls, other):
        raise LookupError("asked a class for its subclasses")

    def __getattribute__(cls, name):
        if name in ("__mro__", "__module__", "__dict__", "__flags__"):
            raise LookupError(f"asked a class for its {name}")
        return super().__getattribute__(name)


METACLASSES = (Unhashable, Raising, Colliding, Silent)


async def tidy(case):
    """Uses objects of such classes, and leaves none open; one may end by itself."""
    meta = case.meta

    async def ends():
        pass

    task = meta("Own", (asyncio.Task,), {})(ends())
    future = meta("Own", (asyncio.Future,), {})()
    future.set_result(await task)
    sock = meta("Own", (socket.socket,), {})()
    sock.close()
    thread = meta("Own", (threading.Thread,), {})(target=int)
    thread.start()
    thread.join()
    with meta("Own", (concurrent.futures.ThreadPoolExecutor,), {})(1) as pool:
        pool.submit(int).result()
    finalized = meta("Own", (), {"__del__": lambda self: None})()
    case.kept = [task, future, sock, thread, pool, finalized, asyncio.create_task(asyncio.sleep(0))]


async def untidy(case):
    """Leaves one object of each class open."""
    meta = case.meta
    case.future = meta("Own", (asyncio.Future,), {})()
    case.future.set_exception(ValueError("nobody looks"))
    case.sock = meta("Own", (socket.socket,), {})()
    case.task = meta("Own", (asyncio.Task,), {})(asyncio.sleep(3600))
    case.pool = meta("Own", (concurrent.futures.ThreadPoolExecutor,), {})(1)
    case.pool.submit(int).result()


class MetaclassTests(unittest.TestCase):
    def test_nothing_is_left(self):
        """Neither a leak nor an error of the sweep's own."""
        for meta in METACLASSES:
            with self.subTest(meta.__name__):
                outcome = run_body(tidy, meta=meta)
                self.assertEqual((outcome.complaints, outcome.errors), ([], []))

    def test_each_is_left(self):
        """What is left is found and ended."""
        for meta in METACLASSES:
            with self.subTest(meta.__name__):
                outcome = run_body(untidy, meta=meta)
                kinds = sorted(leak.kind for leak in outcome.leaks)
                self.assertEqual(kinds, ["exception", "executor", "socket", "task"])
                self.assertEqual(outcome.errors, [])


if __name__ == "__main__":
    unittest.main()
