"""Which task holds a lock or waits at a queue, and which tasks await each other."""

import asyncio
import unittest
from unittest import mock

from asynctestkit import TimeAssertions
from asynctestkit.cpython import task_internals
from asynctestkit.limits.deadlock import Cause, facts_about
from tests.case_runs import lines_of


class Waiting(unittest.IsolatedAsyncioTestCase):
    """Tasks that wait until the test is over."""

    async def asyncSetUp(self):
        asyncio.get_running_loop().set_debug(False)
        self.never = asyncio.Event()
        self.tasks = []

    async def asyncTearDown(self):
        for task in self.tasks:
            task.cancel()
        if self.tasks:
            await asyncio.wait(self.tasks)

    async def start(self, **coroutines):
        tasks = [asyncio.create_task(coroutine, name=name) for name, coroutine in coroutines.items()]
        self.tasks += tasks
        for _ in range(3):
            await asyncio.sleep(0)
        return tasks

    async def take(self, *managers):
        for manager in managers[:-1]:
            await self.enter(manager, managers[-1])
            return
        async with managers[-1]:
            await self.never.wait()

    async def enter(self, outer, inner):
        async with outer:
            await asyncio.sleep(0)
            await self.take(inner)


class FactsTests(Waiting):
    async def facts(self, **coroutines):
        tasks = await self.start(**coroutines)
        return {task.get_name(): facts for task, facts in facts_about(tasks).lines.items()}

    async def test_the_holder_of_a_lock(self):
        """The holder is named with the line of its `async with`; a task that waits for the lock is not."""
        lock = asyncio.Lock()
        facts = await self.facts(holds=self.take(lock), first=self.take(lock), second=self.take(lock))
        (line,) = lines_of(Waiting.take, "async with managers[-1]")
        place = f"test_deadlock.py:{line} in take"
        for waiting in ("first", "second"):
            (fact,) = facts.pop(waiting)
            self.assertIn("the Lock is held by task 'holds', acquired at ", fact)
            self.assertTrue(fact.endswith(place), fact)
        self.assertEqual(facts, {})

    async def test_locks_in_the_wrong_order(self):
        """Two tasks that wait for each other's lock are both named, with their `async with` lines."""
        one, other = asyncio.Lock(), asyncio.Lock()

        async def takes(first, second):
            async with first:
                await asyncio.sleep(0)
                async with second:
                    self.fail("both have both")

        facts = await self.facts(a=takes(one, other), b=takes(other, one))
        (line,) = lines_of(type(self).test_locks_in_the_wrong_order, "async with first:\n")
        for waiting, holder in (("a", "b"), ("b", "a")):
            self.assertIn(f"held by task '{holder}'", facts[waiting][0])
            self.assertTrue(facts[waiting][0].endswith(f":{line} in takes"), facts)

    async def test_the_holders_of_a_semaphore(self):
        """All holders of a semaphore are named."""
        semaphore = asyncio.Semaphore(2)
        facts = await self.facts(a=self.take(semaphore), b=self.take(semaphore), c=self.take(semaphore))
        self.assertEqual(len(facts["c"]), 2)
        self.assertIn("the Semaphore is held by task 'a'", facts["c"][0])
        self.assertIn("the Semaphore is held by task 'b'", facts["c"][1])

    async def test_a_condition(self):
        """A condition is held as its lock is; a notified task waits for the lock."""
        condition = asyncio.Condition()
        facts = await self.facts(holds=self.take(condition), waits=self.take(condition))
        self.assertIn("the Lock is held by task 'holds'", facts["waits"][0])

    async def test_a_lock_of_a_generator(self):
        """A lock of a generator that several tasks refer to is reported, without naming a culprit."""
        lock = asyncio.Lock()

        async def generator():
            async with lock:
                yield

        async def has(generator):
            await self.never.wait()

        shared = generator()
        await anext(shared)
        tasks = await self.start(a=has(shared), b=has(shared), waits=self.take(lock))
        facts = facts_about(tasks)
        self.assertIn("the Lock is held by an asynchronous generator, acquired at ", facts.lines[tasks[2]][0])
        self.assertEqual((facts.culprits, facts.causes), (set(), [Cause.SIGNAL, Cause.UNRELEASED]))
        await shared.aclose()

    async def test_many_holders(self):
        """Five of them are named."""
        semaphore = asyncio.Semaphore(7)
        facts = await self.facts(**{f"t{i}": self.take(semaphore) for i in range(8)})
        self.assertEqual(len(facts["t7"]), 6)
        self.assertEqual(facts["t7"][-1], "the Semaphore is held by 2 more")

    async def test_a_lock_that_was_acquired(self):
        """A holder that called `acquire()` is unknown, and no task is named."""
        lock, semaphore = asyncio.Lock(), asyncio.Semaphore(0)
        await lock.acquire()
        tasks = {"bystander": asyncio.Lock(), "lock": lock, "semaphore": semaphore}
        self.assertEqual(
            await self.facts(**{name: self.take(lock) for name, lock in tasks.items()}),
            {
                "lock": ["the Lock is held, but its holder was not found: acquire() leaves no trace"],
                "semaphore": [
                    "the Semaphore has no free slot, but its holder was not found: acquire() leaves no trace"
                ],
            },
        )

    async def test_a_condition_without_notification(self):
        """A task in `wait()` does not wait for the lock; once notified, it does."""
        condition = asyncio.Condition()

        async def waits():
            async with condition:
                await condition.wait()

        async def waits_for():
            async with condition:
                await condition.wait_for(lambda: False)

        said = ["no notify() of the Condition has reached it"]
        facts = await self.facts(waits=waits(), waits_for=waits_for(), holds=self.take(condition))
        self.assertEqual(facts, {"waits": said, "waits_for": said})
        condition.notify()
        for _ in range(3):
            await asyncio.sleep(0)
        facts = {task.get_name(): lines for task, lines in facts_about(self.tasks).lines.items()}
        self.assertIn("the Lock is held by task 'holds', acquired at ", facts["waits"][0])
        self.assertEqual(facts["waits_for"], said)

    async def test_what_is_built_on_a_lock(self):
        """A lock or queue that asyncio has made internally is not reported."""
        if hasattr(asyncio, "Barrier"):
            self.assertEqual(await self.facts(a=asyncio.Barrier(2).wait()), {})

        async def as_completed():
            for first in asyncio.as_completed([self.never.wait()]):
                await first

        self.assertEqual(await self.facts(b=as_completed()), {})

    async def test_what_a_queue_is_awaited_through(self):
        """A queue is recognized through a timeout and through our assertions."""

        class Case(TimeAssertions, unittest.TestCase):
            pass

        queue = asyncio.Queue()
        facts = await self.facts(
            limited=asyncio.wait_for(queue.get(), None), asserted=Case().assertAwaitedWithin(queue.get(), 60)
        )
        self.assertEqual(set(facts), {"limited", "asserted"})

    async def test_queues(self):
        """The number of items in a queue, and of tasks that wait on either side, is reported."""
        empty, full = asyncio.Queue(), asyncio.Queue(2)
        full.put_nowait(1)
        full.put_nowait(2)
        full.get_nowait()
        full.put_nowait(3)
        facts = await self.facts(a=empty.get(), b=empty.get(), c=full.put(4), d=full.join())
        self.assertEqual(
            facts,
            {
                "a": ["the Queue holds 0 items, 0 not marked done; 2 get() and 0 put() are waiting"],
                "b": ["the Queue holds 0 items, 0 not marked done; 2 get() and 0 put() are waiting"],
                "c": [
                    "the Queue holds 2 of at most 2 items, 3 not marked done; 0 get() and 1 put() are waiting"
                ],
                "d": [
                    "the Queue holds 2 of at most 2 items, 3 not marked done; 0 get() and 1 put() are waiting"
                ],
            },
        )


class RingTests(Waiting):
    async def ring(self, *through):
        """Tasks t0, t1, … each of which awaits the next by that function, and the last one the first."""
        tasks = []

        async def awaits(wait, number):
            await wait(tasks[number % len(tasks)])

        for number, wait in enumerate(through):
            tasks.append(asyncio.create_task(awaits(wait, number + 1), name=f"t{number}"))
        for _ in range(4):
            await asyncio.sleep(0)
        self.addCleanup(self.break_up, tasks)
        return tasks

    def break_up(self, tasks):
        for task in tasks:  # a ring cannot be cancelled
            with self.assertRaises(asyncio.CancelledError):
                task.get_coro().throw(asyncio.CancelledError())
            task_internals.forget_task(task)

    async def test_tasks_that_await_each_other(self):
        """The ring is shown for each task in it, not for tasks that wait for it from outside."""

        async def outside(task):
            await task

        tasks = await self.ring(plain, plain, plain)
        watching = asyncio.create_task(outside(tasks[0]), name="outside")
        await asyncio.sleep(0)
        facts = facts_about([*tasks, watching])
        self.assertEqual(facts.lines[tasks[0]], ["the tasks await each other: 't0' → 't1' → 't2' → 't0'"])
        self.assertEqual(facts.lines[tasks[2]], ["the tasks await each other: 't2' → 't0' → 't1' → 't2'"])
        self.assertNotIn(watching, facts.lines)
        self.assertEqual(facts.culprits, set(tasks))
        self.assertEqual(facts.causes, [Cause.RING])
        self.break_up([watching])

    async def test_a_ring_through_others(self):
        """A ring leads through gather, shield and wait, and a task may await itself."""
        ways = (asyncio.gather, asyncio.shield, lambda task: asyncio.wait([task]))
        tasks = await self.ring(*ways)
        self.assertEqual(
            facts_about(tasks).lines[tasks[1]], ["the tasks await each other: 't1' → 't2' → 't0' → 't1'"]
        )
        for way in ways:
            (task,) = await self.ring(way)
            self.assertEqual(facts_about([task]).lines[task], ["the task awaits itself: 't0' → 't0'"])

    async def test_a_long_ring(self):
        """Of a long ring both ends are shown."""
        tasks = await self.ring(*[plain] * 15)
        (fact,) = facts_about(tasks).lines[tasks[3]]
        self.assertEqual(
            fact,
            "the tasks await each other: "
            "'t3' → 't4' → 't5' → 't6' → 't7' → … 5 more … → 't13' → 't14' → 't0' → 't1' → 't2' → 't3'",
        )

    async def test_a_crowd(self):
        """A thousand tasks in a ring, or at one place, are handled."""
        ring, semaphore = await self.ring(*[plain] * 400), asyncio.Semaphore(200)
        crowd = await self.start(**{f"t{number}": self.take(semaphore) for number in range(600)})
        facts = facts_about([*ring, *crowd])
        self.assertEqual((len(facts.lines), len(facts.culprits)), (800, 600))


class CauseTests(Waiting):
    """The causes for which tasks make no progress."""

    async def causes(self, **coroutines):
        return facts_about(await self.start(**coroutines)).causes

    async def test_locks(self):
        """Two tasks with each other's lock, one with its own, and one with an unknown holder differ."""
        one, other = asyncio.Lock(), asyncio.Lock()
        self.assertEqual(await self.causes(a=self.take(one, other), b=self.take(other, one)), [Cause.LOCKS])
        lock = asyncio.Lock()
        self.assertEqual(await self.causes(a=self.take(lock, lock)), [Cause.REENTRY])
        taken = asyncio.Lock()
        await taken.acquire()
        self.assertEqual(await self.causes(a=self.take(taken)), [Cause.UNRELEASED])

    async def test_a_lock_that_an_awaited_task_needs(self):
        """Tasks await each other, and one of them waits for a lock: one cause."""
        lock = asyncio.Lock()

        async def holds():
            async with lock:
                await asyncio.gather(*self.tasks[1:])

        self.assertEqual(await self.causes(a=holds(), b=self.take(lock)), [Cause.HELD])

    async def test_queues(self):
        """An empty queue, a full one, and one without `task_done()` differ."""
        empty, full, unfinished = asyncio.Queue(), asyncio.Queue(1), asyncio.Queue()
        full.put_nowait(1)
        unfinished.put_nowait(1)
        unfinished.get_nowait()
        for coroutine, expected in (
            (empty.get(), Cause.EMPTY),
            (full.put(2), Cause.FULL),
            (full.join(), Cause.FULL),
            (unfinished.join(), Cause.UNFINISHED),
        ):
            self.assertEqual(await self.causes(a=coroutine), [expected])

    async def test_several(self):
        """Each cause is reported once, for tasks that wait for no other; a ring precedes all."""
        lock, queue = asyncio.Lock(), asyncio.Queue()

        async def all_of_them():
            await asyncio.gather(*self.tasks[1:])

        self.assertEqual(
            await self.causes(a=all_of_them(), b=self.take(lock), c=self.take(lock), d=queue.get()),
            [Cause.SIGNAL, Cause.EMPTY],
        )
        ring = asyncio.Lock()
        self.assertEqual(await self.causes(a=queue.get(), b=self.take(ring, ring)), [Cause.REENTRY])

    async def test_what_is_awaited_is_elsewhere(self):
        """Nothing is reported about tasks that were not passed."""
        (inner,) = await self.start(inner=self.take(asyncio.Lock()))
        (waits,) = await self.start(waits=plain(inner))
        self.assertEqual(facts_about([waits]).causes, [Cause.SIGNAL])
        self.assertEqual(facts_about([]), ({}, set(), [Cause.SIGNAL]))

    async def test_names_that_are_patched(self):
        """Replacing asyncio's classes by a patch does not matter."""
        (task,) = await self.start(a=asyncio.Queue().get())
        with mock.patch.multiple(asyncio, Queue=mock.Mock(), Condition=mock.Mock(), shield=mock.Mock()):
            self.assertEqual(facts_about([task]).causes, [Cause.EMPTY])

    async def test_culprits(self):
        """A task that holds what others wait for is a culprit; one that holds another lock is not."""
        wanted = asyncio.Lock()
        tasks = await self.start(a=self.take(wanted), b=self.take(wanted), c=self.take(asyncio.Lock()))
        self.assertEqual(facts_about(tasks).culprits, {tasks[0]})


async def plain(task):
    await task
