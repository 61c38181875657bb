"""The loop of explored runs."""

import asyncio
import socket
import threading
import unittest

from asynctestkit.exploration.deviations import Hold
from asynctestkit.exploration.faults import Faults, Raised
from asynctestkit.exploration.loop import ExploredLoop


class ExploredLoopTests(unittest.TestCase):
    def setUp(self):
        self.loop = ExploredLoop((Hold("a", 1),))
        self.addCleanup(self.loop.close)

    def test_time_is_virtual(self):
        """An hour of virtual time passes at once."""
        before = self.loop.time()
        self.loop.run_until_complete(asyncio.sleep(3600))
        self.assertEqual(self.loop.time() - before, 3600)

    def test_sets_of_tasks_have_an_order(self):
        """The hash of a task is its number, so that sets of tasks always have the same order."""

        async def body():
            tasks = {asyncio.create_task(asyncio.sleep(0), name=str(number)) for number in range(50)}
            return [task.get_name() for task in tasks], await asyncio.wait(tasks)

        orders = []
        for debug in (False, False, True):
            loop = ExploredLoop(())
            loop.set_debug(debug)
            orders.append(loop.run_until_complete(body())[0])
            loop.close()
        self.assertEqual(orders[0], orders[1])
        self.assertEqual(orders[0], orders[2])

    def test_what_is_logged(self):
        """Everything is logged, except the consequences of injected failures, which come in many runs."""
        fault, other = ConnectionError("lost"), ConnectionError("lost")
        faults = self.loop.asynctestkit_faults = Faults((), self.loop.steps)
        faults.raised.append(Raised(fault, frozenset()))
        with self.assertLogs("asyncio") as logged:
            for number, error in enumerate((fault, other, None)):
                self.loop.call_exception_handler({"message": str(number), "exception": error})
            self.loop.asynctestkit_faults = None
            self.loop.call_exception_handler({"message": "3", "exception": fault})
        self.assertEqual([each.message[0] for each in logged.records], ["1", "2", "3"])

    def test_a_task_of_a_factory_is_counted_too(self):
        """A task factory of the user's is respected, and its tasks are controlled."""
        self.loop.set_task_factory(lambda loop, coro, **options: asyncio.Task(coro, loop=loop, **options))

        async def body():
            one = asyncio.create_task(asyncio.sleep(0), name="a")
            other = asyncio.create_task(asyncio.sleep(0), name="b")
            await one
            await other

        self.loop.run_until_complete(body())
        self.assertEqual(self.loop.steps.trace[:2], [("test", 1), ("b", 1)])

    def test_outside_influences_are_noted(self):
        """Calls from other threads and watched descriptors are noted, except the loop's own pipe."""
        self.loop.call_soon_threadsafe(int)
        self.assertEqual(self.loop.uncontrolled, set())

        async def threads():
            thread = threading.Thread(target=self.loop.call_soon_threadsafe, args=(int,))
            thread.start()
            thread.join()

        self.loop.run_until_complete(threads())
        self.assertEqual(self.loop.uncontrolled, {"threads"})
        one, other = socket.socketpair()
        for add in ("add_reader", "add_writer"):
            self.loop.uncontrolled.clear()
            getattr(self.loop, add)(one, int)
            self.assertEqual(self.loop.uncontrolled, {"sockets or pipes"})
        self.loop.remove_reader(one)
        self.loop.remove_writer(one)
        one.close()
        other.close()

    def test_a_task_that_takes_no_notes_is_no_hindrance(self):
        """A task of a class with slots, which takes no attribute, runs as a plain callback."""

        class Slotted:
            __slots__ = ("_asyncio_future_blocking", "future")

            def __init__(self, coro, loop):
                self.future = loop.create_future()
                self.future.set_result(coro.close())

            def set_name(self, name): ...

            def __await__(self):
                return self.future.__await__()

        self.loop.set_task_factory(lambda loop, coro, **options: Slotted(coro, loop))

        async def body():
            return await self.loop.create_task(asyncio.sleep(0))

        self.assertIsNone(self.loop.run_until_complete(asyncio.Task(body(), loop=self.loop)))
        self.assertEqual(self.loop.steps.trace, [])
