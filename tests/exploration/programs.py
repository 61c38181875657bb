"""Correct programs: no schedule of them fails. `test_programs.py` runs a few, `tests.schedules` 6,000."""

import asyncio
import contextlib
import inspect
import random
from unittest import mock

from asynctestkit import HygienicAsyncTestCase
from asynctestkit.mocks import after, outcomes

HAS_GROUPS = hasattr(asyncio, "TaskGroup")


class Programs(HygienicAsyncTestCase):
    """Each is a test method whose name does not begin with `test`, for other tests to explore."""

    clock = "virtual"

    async def locks_and_queues(self):
        """Workers move items from queue to queue under a lock; none is lost or duplicated."""
        lock, source, target, done = asyncio.Lock(), asyncio.Queue(), asyncio.Queue(), []

        async def move():
            while True:
                item = await source.get()
                async with lock:
                    count = len(done)
                    await asyncio.sleep(0.01)
                    self.assertEqual(len(done), count)
                    done.append(item)
                await target.put(item)
                source.task_done()

        workers = [self.startBackground(move(), name=f"mover-{number}") for number in range(3)]
        for item in range(6):
            await source.put(item)
        await source.join()
        self.assertEqual(sorted(done), list(range(6)))
        self.assertEqual(sorted(target.get_nowait() for _ in range(6)), list(range(6)))
        self.assertFalse(any(worker.done() for worker in workers))

    async def bounded_pool(self):
        """At most two connections are in use at once, and all are given back."""
        free, used, most = asyncio.LifoQueue(), 0, 0
        for connection in range(2):
            free.put_nowait(connection)

        @contextlib.asynccontextmanager
        async def connection():
            nonlocal used, most
            got = await free.get()
            used += 1
            most = max(most, used)
            try:
                yield got
            finally:
                used -= 1
                free.put_nowait(got)

        async def client(number):
            async with connection():
                await asyncio.sleep(0.1 * number)
            async with connection():
                await asyncio.sleep(0)

        await asyncio.gather(*(client(number) for number in range(4)))
        self.assertEqual((free.qsize(), used), (2, 0))
        self.assertLessEqual(most, 2)

    async def back_pressure(self):
        """Producers wait at a full queue, consumers at an empty one, and a sentinel each ends them."""
        queue, got = asyncio.Queue(maxsize=1), []

        async def produce(number):
            for item in range(3):
                await queue.put((number, item))

        async def consume():
            while (item := await queue.get()) is not None:
                got.append(item)
                await asyncio.sleep(0)

        consumers = [asyncio.create_task(consume(), name=f"consumer-{n}") for n in range(2)]
        await asyncio.gather(*(produce(number) for number in range(3)))
        for _ in consumers:
            await queue.put(None)
        await asyncio.gather(*consumers)
        self.assertEqual(sorted(got), [(number, item) for number in range(3) for item in range(3)])
        for number in range(3):
            own = [item for producer, item in got if producer == number]
            self.assertEqual(len(own), 3)

    async def group_with_retries(self):
        """Each call fails twice and is repeated, within a timeout that never fires; from 3.11."""
        calls = {}

        async def call(name):
            calls[name] = calls.get(name, 0) + 1
            await asyncio.sleep(random.random())
            if calls[name] < 3:
                raise ConnectionError(name)
            return name

        async def with_retries(name):
            for pause in (0.1, 0.2, 0.4):
                try:
                    async with asyncio.timeout(5):
                        return await call(name)
                except ConnectionError:
                    await asyncio.sleep(pause)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(with_retries(name)) for name in "abc"]
        self.assertEqual([task.result() for task in tasks], ["a", "b", "c"])
        self.assertEqual(calls, {"a": 3, "b": 3, "c": 3})

    async def condition_and_events(self):
        """A latch built on a Condition, events, a semaphore, shield, wait and as_completed."""
        condition, ready, semaphore, arrived = asyncio.Condition(), asyncio.Event(), asyncio.Semaphore(2), 0

        async def arrive(number):
            nonlocal arrived
            await ready.wait()
            async with semaphore:
                await asyncio.sleep(0.01 * number)
            async with condition:
                arrived += 1
                condition.notify_all()
                await condition.wait_for(lambda: arrived == 3)
            return number

        tasks = [asyncio.create_task(arrive(number)) for number in range(3)]
        shielded = asyncio.shield(tasks[0])
        asyncio.get_running_loop().call_later(0.5, ready.set)
        seen = [await each for each in asyncio.as_completed([shielded, *tasks[1:]])]
        self.assertEqual(sorted(seen), [0, 1, 2])
        done, pending = await asyncio.wait(tasks)
        self.assertEqual((len(done), pending), (3, set()))

    async def start_and_look(self):
        """Typical tests: start something, let it run, check it; settle; cancel and await."""
        log = []

        async def serve():
            log.append("started")
            try:
                await asyncio.Event().wait()
            finally:
                log.append("ended")

        task = asyncio.create_task(serve())
        await asyncio.sleep(0)
        self.assertEqual(log, ["started"])
        other = asyncio.create_task(serve())
        await self.settle()
        self.assertEqual(log, ["started"] * 2)
        for each in (task, other):
            await self.assertTaskCancelled(each)
        self.assertEqual(log, ["started"] * 2 + ["ended"] * 2)

    async def waits_with_limits(self):
        """`wait_for` in time, `wait_for` that times out, and a poll that spins until something happens."""
        happened = []

        async def act(seconds):
            await asyncio.sleep(seconds)
            happened.append(seconds)

        async def poll():
            while len(happened) < 2:
                await asyncio.sleep(0.05)

        async def spin(over):
            for _ in range(50):
                if over.done():
                    return
                await asyncio.sleep(0)
            self.fail("it spun for too long")

        with self.assertRaises(asyncio.TimeoutError):
            await asyncio.wait_for(act(5), 1)
        await asyncio.gather(asyncio.wait_for(act(1), 2), asyncio.wait_for(act(0.5), 2), poll())
        short = asyncio.create_task(asyncio.sleep(0))
        await asyncio.gather(*(asyncio.create_task(spin(short)) for _ in range(2)))
        self.assertEqual(happened, [0.5, 1])


async def ask(number):
    """What the programs below call; patched in their tests."""


class Down(Exception):
    """An exception of the program's own."""


class FaultyPrograms(HygienicAsyncTestCase):
    """Programs that are correct whichever of their scripted calls fails."""

    clock = "virtual"

    async def lets_it_out(self):
        """A pool whose connection is given back by `async with`, and a request that fails as it does."""
        pool = self.makeAsyncContext("connection")
        web = self.makeSession({"GET http://h/*": self.makeResponse(json={"a": 1})})

        async def load(path):
            async with pool, web.get(f"http://h/{path}") as answer:
                return await answer.json()

        self.assertEqual(await load("a"), {"a": 1})
        self.assertEqual(await asyncio.gather(load("b"), load("c")), [{"a": 1}] * 2)
        self.assertEqual(len(web.requests), 3)

    async def is_asserted(self):
        """The library's own assertions let a failed call propagate, as they expect something else."""
        slow = mock.AsyncMock(side_effect=outcomes(after(60, "a"), after(60, "b")))
        quick = mock.AsyncMock(side_effect=outcomes("a", "b"))
        await self.assertStillWaiting(slow(), 5)
        await self.assertTimesOut(asyncio.wait_for(slow(), 1), within=2)
        await self.assertAwaitedWithin(quick(), 5)
        async with self.assertStepWithin("load", 5):
            await quick()

    async def retries(self):
        """A call that fails is repeated, and counts as one for the mocks."""
        stand_in = self.patchAsync(f"{__name__}.ask", outcomes=[1, ConnectionError("busy"), 2])
        web = self.makeSession({"GET *": [self.makeResponse(text="a"), self.makeResponse(text="b")]})

        async def patiently(call):
            for pause in (0.1, 0.2):
                try:
                    return await call()
                except (ConnectionError, asyncio.TimeoutError):
                    await asyncio.sleep(pause)
            return await call()

        async def read():
            async with web.get("http://h/") as answer:
                return await answer.text()

        self.assertEqual([await patiently(lambda: ask(0)) for _ in range(2)], [1, 2])
        self.assertEqual([await patiently(read) for _ in range(2)], ["a", "b"])
        self.assertEqual((stand_in.await_count, len(web.requests), web.get.call_count), (3, 2, 2))

    async def gives_up(self):
        """Reports giving up by an exception of its own: chained, from the handler, or after its last try."""
        self.patchAsync(f"{__name__}.ask", outcomes=[ConnectionError(), 1, 2, 3])

        async def three_times():
            for _ in range(2):
                with contextlib.suppress(ConnectionError):
                    return await ask(1)
            raise Down

        async def at_once(is_explicit):
            try:
                return await ask(2)
            except ConnectionError as error:
                if is_explicit:
                    raise Down from error
                raise Down from None

        self.assertEqual([await three_times(), await at_once(True), await at_once(False)], [1, 2, 3])

    async def starts_anew(self):
        """Logs in again when a query has failed, which the script does not provide for."""
        log_in = self.makeSession({"POST *": [self.makeResponse()]})
        self.patchAsync(f"{__name__}.ask", outcomes=["a", "b"])

        async def query():
            async with log_in.post("http://h/login"):
                return [await ask(1), await ask(2)]

        try:
            found = await query()
        except ConnectionError:
            found = await query()
        self.assertEqual(found, ["a", "b"])

    async def does_without(self):
        """Leaves out what it cannot have; later steps of the script are not used."""
        self.patchAsync(f"{__name__}.ask", outcomes=["a", "b"])
        rows = self.makeAsyncIterator([1, 2, 3])
        found = []
        with contextlib.suppress(ConnectionError):
            found += [await ask(1), await ask(2)]
        with contextlib.suppress(ConnectionError):
            async for row in rows:
                found.append(row)
        self.assertLessEqual({*found}, {"a", "b", 1, 2, 3})

    async def commits(self):
        """Rows are known as saved only once their transaction has been left without an exception."""
        transaction, saved = self.makeAsyncContext(), []

        async def save(row):
            for _ in range(2):
                try:
                    async with transaction:
                        await asyncio.sleep(0)
                    saved.append(row)
                    return
                except ConnectionError:
                    await asyncio.sleep(0.1)

        await asyncio.gather(save(1), save(2))
        self.assertEqual(sorted(saved), [1, 2])
        self.assertEqual(transaction.__aexit__.await_count, transaction.__aenter__.await_count)

    async def in_the_background(self):
        """A background worker, and tasks never awaited, let it propagate, and release what they hold."""
        lock = asyncio.Lock()
        self.patchAsync(f"{__name__}.ask", returns=1)

        async def work():
            async with lock:
                await ask(1)

        async def translate():
            try:
                await ask(2)
            except ConnectionError as error:
                raise Down from error

        self.startBackground(work(), name="worker")
        await asyncio.wait([asyncio.create_task(work()), asyncio.create_task(translate())])
        self.assertFalse(lock.locked())

    async def in_a_group(self):
        """Children of a group, or of `gather`, leave the contexts that they have entered."""
        rows, connection = self.makeAsyncIterator([1, 2]), self.makeAsyncContext()

        async def read():
            async with connection:
                return [row async for row in rows]

        if HAS_GROUPS:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(read()) for _ in range(2)]
            found = [task.result() for task in tasks]
        else:
            found = await asyncio.gather(read(), read())
        self.assertEqual(sorted(row for rows in found for row in rows), [1, 2])

    async def expects_another(self):
        """A test that expects an error gets this one instead."""
        double = mock.AsyncMock(side_effect=outcomes(1, ValueError("no")))
        self.assertEqual(await double(), 1)
        with self.assertRaisesRegex(ValueError, "no"):
            await double()

    async def sets_up_and_tears_down(self):
        """A hook in which a call fails ends as with any other exception."""
        context = self.makeAsyncContext(1)
        if hasattr(self, "enterAsyncContext"):  # from 3.11
            self.assertEqual(await self.enterAsyncContext(context), 1)
        self.patchAsync(f"{__name__}.ask", returns=1)

        async def clean_up():
            await ask(1)

        self.addAsyncCleanup(clean_up)


def copy_of(function):
    """A separate test method, to be decorated."""

    async def test(self):
        await function(self)

    return test


FAULTY_NAMES = [name for name, member in vars(FaultyPrograms).items() if inspect.iscoroutinefunction(member)]
NAMES = [
    name
    for name, member in vars(Programs).items()
    if inspect.iscoroutinefunction(member) and (HAS_GROUPS or name != "group_with_retries")
]
