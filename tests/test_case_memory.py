"""Nothing of a test's is kept alive: a test may check that its objects, and their classes, are gone."""

import asyncio
import concurrent.futures
import gc
import socket
import threading
import unittest
import weakref
from unittest import mock

from asynctestkit import STRICT_DETECTORS
from tests.case_runs import run_body
from tests.leaks.metaclasses import Unhashable


async def task_of(cls):
    task = cls(asyncio.sleep(0), loop=asyncio.get_running_loop())
    await task
    return task


async def socket_of(cls):
    sock = cls()
    sock.close()
    return sock


async def thread_of(cls):
    thread = cls(target=int)
    thread.start()
    thread.join()
    return thread


async def executor_of(cls):
    with cls(1) as executor:
        executor.submit(int).result()
    return executor


async def instance_of(cls):
    return cls()


MAKERS = (
    (task_of, asyncio.Task, type),
    (socket_of, socket.socket, type),
    (thread_of, threading.Thread, type),
    (executor_of, concurrent.futures.ThreadPoolExecutor, type),
    (instance_of, asyncio.Future, type),
    (instance_of, mock.AsyncMock, type),
    (instance_of, object, type),
    (instance_of, object, Unhashable),
)


class GoneTests(unittest.TestCase):
    def assertGoes(self, make, base, meta, **settings):
        """Asserts that an object, and its class, are gone in the phase after the one that made them."""

        async def prepare(case):
            case.made = await make(meta("Own", (base,), {}))
            case.references = weakref.ref(case.made), weakref.ref(type(case.made))

        async def test(case):
            del case.made
            await asyncio.sleep(0)
            gc.collect()
            case.assertEqual([reference() for reference in case.references], [None, None])

        finished = run_body(test, asyncSetUp=prepare, **settings)
        self.assertEqual(finished.kinds, ["ok"], finished.text())

    def test_objects_and_their_classes(self):
        """They are gone as soon as the test lets go of them, whatever was recorded of them."""
        for make, base, meta in MAKERS:
            with self.subTest(base, meta=meta):
                self.assertGoes(make, base, meta)
                self.assertGoes(make, base, meta, leak_detectors=STRICT_DETECTORS, asyncio_debug=True)
