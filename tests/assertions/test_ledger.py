"""The ledger records which task took which item, and leaves the queue as it is."""

import asyncio
import gc
import inspect
import unittest
import weakref

from asynctestkit.assertions.ledger import close_ledger, ledger_of, open_ledger
from tests.assertions.clock import JumpingTestCase, normalised


class Item:
    def __init__(self, value=0):
        self.value = value

    def __lt__(self, other):
        return self.value < other.value


class OwnStore(asyncio.Queue):
    """Overrides the methods that the documentation of asyncio.Queue offers for overriding."""

    def _init(self, maxsize):
        self._queue = {}

    def _put(self, item):
        self._queue[item] = None

    def _get(self):
        return self._queue.popitem()[0]


class OwnGet(asyncio.Queue):
    """Its `get` does not go through `get_nowait`."""

    async def get(self):
        while self.empty():
            await asyncio.sleep(0)
        return self._get()


class WrappedGet(asyncio.Queue):
    """Its `get` and `get_nowait` do what their parents do."""

    async def get(self):
        return await super().get()

    def get_nowait(self):
        return super().get_nowait()


class PromisedGet(asyncio.Queue):
    """Its `get` is not a coroutine function."""

    def get(self):
        return asyncio.ensure_future(super().get())


class LedgerTestCase(JumpingTestCase):
    clock = "virtual"

    def report_lines(self, queue):
        return [normalised("\n".join(take.report())) for take in ledger_of(queue).open]


class NeutralityTests(LedgerTestCase):
    clock = "virtual"

    async def test_the_queue_stays_what_it_is(self):
        """The queue's type, order, bounds and errors are unchanged."""
        for kind, order in (
            (asyncio.Queue, [3, 1, 2]),
            (asyncio.LifoQueue, [2, 1, 3]),
            (asyncio.PriorityQueue, [1, 2, 3]),
            (OwnStore, [2, 1, 3]),
            (WrappedGet, [3, 1, 2]),
        ):
            queue = kind(maxsize=3)
            open_ledger(queue)
            self.assertIs(type(queue), kind)
            self.assertEqual((queue.maxsize, queue.empty()), (3, True))
            for number in (3, 1, 2):
                queue.put_nowait(number)
            self.assertTrue(queue.full())
            with self.assertRaises(asyncio.QueueFull):
                queue.put_nowait(4)
            self.assertEqual([await queue.get(), queue.get_nowait(), await queue.get()], order)
            with self.assertRaises(asyncio.QueueEmpty):
                queue.get_nowait()
            self.assertEqual(ledger_of(queue).counts, (3, 3, 0))
            for _ in range(3):
                queue.task_done()
            with self.assertRaises(ValueError):
                queue.task_done()
            await queue.join()
            self.assertEqual(ledger_of(queue).open, [])

    async def test_other_queues_are_not_affected(self):
        """Neither the class nor other queues are affected, and a closed ledger leaves nothing behind."""
        before, other = dict(vars(asyncio.Queue)), asyncio.Queue()
        queue = asyncio.Queue()
        plain = set(vars(queue))
        open_ledger(queue)
        self.assertIs(open_ledger(queue), ledger_of(queue))
        self.assertEqual(before, dict(vars(asyncio.Queue)))
        self.assertEqual(set(vars(other)), plain)
        close_ledger(queue)
        self.assertIsNotNone(ledger_of(queue))
        close_ledger(queue)
        self.assertEqual(set(vars(queue)), plain)
        close_ledger(queue)

    async def test_nothing_is_kept_alive(self):
        """Neither queue nor items nor tasks are kept alive, even without a garbage collection."""
        gc.disable()
        self.addCleanup(gc.enable)
        queue, item, left = asyncio.Queue(), Item(), Item()
        open_ledger(queue)
        for each in (item, left):
            queue.put_nowait(each)

        async def dies(queue):
            kept = await queue.get()
            raise ValueError(kept)

        task = self.loop.create_task(dies(queue))
        await asyncio.wait([task])
        task.exception()
        references = [weakref.ref(each) for each in (item, left, task, queue)]
        del item, each, task
        self.loop.set_debug(False)
        gc.collect()  # a traceback and its frame hold each other, ledger or none
        self.assertIsNone(references[0]())
        self.assertIsNone(references[2]())
        self.assertEqual(len(self.report_lines(queue)), 1)
        del left, queue
        self.assertEqual([each() for each in references], [None] * 4)

    @unittest.skipUnless(hasattr(asyncio, "QueueShutDown"), "Queue.shutdown is of 3.13")
    async def test_shutting_down(self):
        """Items that a shutdown discards count as taken by no task."""
        queue = asyncio.Queue()
        open_ledger(queue)
        queue.put_nowait(1)
        queue.shutdown(immediate=True)
        with self.assertRaises(asyncio.QueueShutDown):
            await queue.get()
        self.assertEqual(ledger_of(queue).counts.takes, 0)


class TakesTests(LedgerTestCase):
    clock = "virtual"

    async def test_line_and_task(self):
        """Line and task are recorded for `get`, `get_nowait`, and a `get` awaited by another task."""

        async def gets(queue):
            await queue.get()
            await self.loop.create_future()

        async def gets_nowait(queue):
            queue.get_nowait()
            await self.loop.create_future()

        async def waits_for(queue):
            await asyncio.wait_for(queue.get(), 9)
            await self.loop.create_future()

        for kind in (asyncio.Queue, OwnGet, WrappedGet):
            for function in (gets, gets_nowait, waits_for):
                queue = kind()
                open_ledger(queue)
                queue.put_nowait("item")
                task = self.loop.create_task(function(queue), name="consumer")
                await asyncio.sleep(0.1)
                name = function.__name__
                self.assertEqual(
                    self.report_lines(queue),
                    [
                        f"  taken at test_ledger.py:N in {name} by task 'consumer', which still runs\n"
                        f"  it stood at:\n    test_ledger.py:N in {name}\n"
                        "    which waits on a Future that nobody has set"
                    ],
                )
                task.cancel()
                await asyncio.wait([task])
                self.assertIn("by task 'consumer', which was cancelled", self.report_lines(queue)[0])

    async def test_a_get_that_is_no_coroutine(self):
        """The result of a `get` that is no coroutine is left alone; the taker is the task that calls it."""
        queue = PromisedGet()
        open_ledger(queue)
        queue.put_nowait(1)
        self.assertEqual(await queue.get(), 1)
        (report_lines,) = self.report_lines(queue)
        self.assertRegex(
            report_lines, "^  taken at an unknown line by task 'Task-.*', which (has returned|is gone)$"
        )

    async def test_the_end_of_the_task(self):
        """The report says that a task returned, what it raised, or that it no longer exists."""

        async def gets(queue, error=None):
            await queue.get()
            if error is not None:
                raise error

        queue = asyncio.Queue()
        ledger = open_ledger(queue)
        for number in range(3):
            queue.put_nowait(number)
        tasks = [self.loop.create_task(gets(queue)), self.loop.create_task(gets(queue, OSError("x")))]
        await asyncio.wait(tasks)
        tasks[1].exception()
        self.assertRegex(self.report_lines(queue)[0], "by task .*, which has returned$")
        tasks = [self.loop.create_task(gets(queue))]
        while not tasks[0].done():
            await asyncio.sleep(0)
        self.assertRegex(self.report_lines(queue)[2], "by task .*, which has returned$")
        self.assertRegex(self.report_lines(queue)[1], "by task .*, which failed with OSError: x$")
        self.assertEqual([take.taker.has_died for take in ledger.open], [False, True, False])

    async def test_an_unretrieved_exception_stays_unretrieved(self):
        """The ledger does not mark an exception as retrieved: its leak is still reported."""
        report_lines = []
        self.loop.set_exception_handler(lambda _, context: report_lines.append(context["message"]))

        async def dies(queue):
            await queue.get()
            raise ValueError

        queue = asyncio.Queue()
        open_ledger(queue)
        queue.put_nowait(1)
        task = self.loop.create_task(dies(queue))
        await asyncio.sleep(0.1)
        del task
        gc.collect()
        self.assertEqual(report_lines, ["Task exception was never retrieved"])

    async def test_whose_item_is_done(self):
        """An item marked done is the oldest of the marking task, or else the oldest of all."""

        async def gets(queue, done):
            await queue.get()
            await done.wait()
            queue.task_done()

        queue, first, second = asyncio.Queue(), asyncio.Event(), asyncio.Event()
        open_ledger(queue)
        tasks = [self.loop.create_task(gets(queue, first), name="first")]
        tasks += [self.loop.create_task(gets(queue, second), name="second")]
        for number in range(3):
            await queue.put(number)
            await asyncio.sleep(0)
        second.set()
        await asyncio.wait(tasks[1:])
        self.assertIn("'first'", self.report_lines(queue)[0])
        queue.task_done()
        self.assertEqual(self.report_lines(queue), [])
        queue.get_nowait()
        close_ledger(queue)
        open_ledger(queue)
        queue.task_done()
        self.assertEqual(self.report_lines(queue), [])
        first.set()
        with self.assertRaises(ValueError):
            await tasks[0]

    def test_without_a_loop(self):
        """`get_nowait` works without a loop, and then has no taker."""
        queue = asyncio.Queue()
        open_ledger(queue)
        queue.put_nowait(1)
        queue.get_nowait()
        self.assertEqual(
            self.report_lines(queue),
            ["  taken at test_ledger.py:N in test_without_a_loop by code outside of any task"],
        )

    def _callTestMethod(self, method):
        if inspect.iscoroutinefunction(method):
            super()._callTestMethod(method)
        else:
            method()


if __name__ == "__main__":
    unittest.main()
