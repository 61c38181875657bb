"""What an exploration with `faults=True` finds and reports."""

import asyncio
import contextlib
import unittest
from unittest import mock

from asynctestkit import HygienicAsyncTestCase, explore, replay
from asynctestkit.mocks import outcomes
from tests.case_runs import lines_of, run, run_body
from tests.exploration.programs import copy_of


async def loses_one(self):
    """A connection that is entered by hand is not left when the second query fails."""
    connection = self.makeAsyncContext("connection")
    query = mock.AsyncMock(name="query", side_effect=outcomes("a", "b"))

    async def transfer():
        await connection.__aenter__()
        await query("first")
        await query("second")
        await connection.__aexit__(None, None, None)

    with contextlib.suppress(ConnectionError):
        await asyncio.create_task(transfer(), name="transfer")


async def lets_it_out(self):
    double = mock.AsyncMock(name="query", side_effect=outcomes(1, 2))
    self.assertEqual([await double(), await double()], [1, 2])


class FaultsTests(unittest.TestCase):
    clock = "virtual"

    def test_what_is_lost_is_reported(self):
        """The report has the call, its exception and place, a diagram, a line to replay it, the counts."""
        ran = run_body(explore(faults=True)(copy_of(loses_one)))
        self.assertEqual(ran.kinds, ["FAIL"])
        line = lines_of(loses_one, 'query("first")')[0]
        for said in (
            "- context: entered and never left at tests/exploration/test_exploring_faults.py:",
            "- the 1st call of query failed with ConnectionError, in task 'transfer', "
            f"at tests/exploration/test_exploring_faults.py:{line} in transfer",
            " start → FAULT → raised ConnectionError",
            'to replay it: @replay("fault:query@1"), or\nASYNCTESTKIT_SCHEDULE="fault:query@1" python -m ',
            ", 3 with a fault, in ",
        ):
            self.assertIn(said, ran.text())
        self.assertNotIn("never used", ran.text())

    def test_the_same_schedule_again(self):
        """A replay fails in the same way; one that does not match says so, and does not pass."""
        ran = run_body(replay("fault:query@2")(copy_of(loses_one)))
        self.assertEqual(ran.kinds, ["FAIL"])
        self.assertIn("the schedule that was replayed:\n- the 2nd call of query failed with", ran.text())
        for schedule in ("fault:query@3", "fault:nobody@1", "fault:query@1=KeyError"):
            ran = run_body(replay(schedule)(copy_of(lets_it_out)))
            self.assertEqual(ran.kinds, ["FAIL"])
            self.assertIn(f"{schedule} did not occur", ran.text())

    def test_a_replay_of_what_is_mended(self):
        """In a replay of fixed code, the exception that leaves the test is not reported as a failure."""
        for schedule in ("fault:query@2", "fault:query@1=ConnectionError"):
            self.assertEqual(run_body(replay(schedule)(copy_of(lets_it_out))).kinds, ["ok"])

    def test_only_where_it_is_asked_for(self):
        """Calls fail with `faults` only, and neither outside of an exploration nor in assertCancelSafe."""
        for marked in (explore(copy_of(loses_one)), explore(cancellations=True)(copy_of(loses_one))):
            self.assertEqual(run_body(marked).kinds, ["ok"])

        async def test(self):
            context = self.makeAsyncContext(1)

            async def enter():
                async with context:
                    await asyncio.sleep(0)

            await self.assertCancelSafe(enter)

        self.assertEqual(run_body(explore(faults=True)(test)).kinds, ["ok"])

    def test_what_only_a_fault_and_a_hold_together_find(self):
        """A fault is combined with each hold, and both are in the reported schedule."""

        async def test(self):
            query, order = mock.AsyncMock(name="query", side_effect=outcomes("a")), []

            async def fill():
                try:
                    order.append(await query())
                except ConnectionError:
                    order.append("failed")

            async def look():
                order.append("looked")

            await asyncio.gather(*(asyncio.create_task(each(), name=each.__name__) for each in (fill, look)))
            self.assertNotEqual(order, ["looked", "failed"])

        ran = run_body(explore(faults=True)(test))
        self.assertEqual(ran.kinds, ["FAIL"])
        self.assertIn('@replay("hold:fill@1,fault:query@1")', ran.text())
        for said in (
            "SLOW start → FAULT → returned",
            "- task 'fill' was slow",
            "- the 1st call of query failed",
        ):
            self.assertIn(said, ran.text())

    def test_subtests_that_pass(self):
        """Subtests that passed are reported, and the test passes though the exception leaves it later."""

        async def test(self):
            with self.subTest("one"):
                pass
            await lets_it_out(self)

        self.assertEqual(run_body(replay("fault:query@2")(test)).kinds, ["subtest ok", "ok"])

    def test_an_error_in_the_handler(self):
        """An error in a handler is a failure, beside a valid answer that is none."""

        async def test(self):
            query = mock.AsyncMock(name="query", side_effect=outcomes("a"))
            try:
                await query()
            except ConnectionError:
                self.connection.close()

        ran = run_body(explore(faults=True)(test))
        self.assertEqual(ran.kinds, ["ERROR"])
        self.assertIn("AttributeError", ran.text())
        self.assertIn('@replay("fault:query@1")', ran.text())

    def test_a_deadlock(self):
        """A task that waits for the work of a failed worker is deadlocked."""

        async def test(self):
            query = mock.AsyncMock(name="query", side_effect=outcomes("a"))
            queue = asyncio.Queue()

            async def work():
                with contextlib.suppress(ConnectionError):
                    queue.put_nowait(await query())

            self.startBackground(work(), name="worker")
            self.assertEqual(await queue.get(), "a")

        ran = run_body(explore(faults=True)(test))
        self.assertEqual(ran.kinds, ["FAIL"])
        self.assertIn("DeadlockError", ran.text())

    def test_a_background_task_that_lets_it_out(self):
        """A background task's exception fails the test as usual; the unused script is no extra failure."""

        async def test(self):
            queue = asyncio.Queue()

            async def work():
                queue.put_nowait(await query())

            query = mock.AsyncMock(name="query", side_effect=outcomes("a"))
            self.startBackground(work(), name="worker")
            self.assertEqual(await queue.get(), "a")

        self.assertEqual(run_body(explore(faults=True)(test)).kinds, ["ok"])
        self.assertEqual(run_body(replay("fault:query@1")(test)).kinds, ["ok"])

    def test_what_fails_in_a_subtest(self):
        """A failure in a subtest is reported, though the injected exception leaves the next one."""

        async def test(self):
            query, found = mock.AsyncMock(name="query", side_effect=outcomes("a")), []
            with self.subTest("one"):
                with contextlib.suppress(ConnectionError):
                    found.append(await query())
                self.assertEqual(found, ["a"])
            with self.subTest("two"):
                if not found:
                    await self.context.__aenter__()

        def set_up(self):
            self.context = self.makeAsyncContext()

        ran = run_body(replay("fault:query@1,fault:context@1")(test), setUp=set_up)
        self.assertEqual(ran.kinds, ["subtest failed"])
        self.assertIn("[] != ['a']", ran.text())

    def test_all_that_is_reported_is_one_failure(self):
        """One failure is reported; what is raised besides is not reported as a second one."""

        class Case(HygienicAsyncTestCase):
            @explore(faults=True)
            async def test(self):
                query = mock.AsyncMock(name="query", side_effect=outcomes("a"))
                self.addCleanup(self.check, query)
                await query()

            def check(self, query):
                self.assertEqual(query.await_count, 1)

        ran = run(Case)
        self.assertEqual(ran.kinds, ["FAIL"])
        self.assertIn("0 != 1", ran.text())
        self.assertNotIn("ConnectionError: ", ran.text())


class LeavingTests(unittest.TestCase):
    clock = "virtual"

    def test_a_commit_that_fails(self):
        """Leaving a context fails, with the mock's record of it, and the context counts as left."""

        async def test(self):
            transaction, saved = self.makeAsyncContext(), []

            async def save():
                async with transaction:
                    saved.append("row")

            with contextlib.suppress(ConnectionError):
                await save()
            self.assertEqual(transaction.__aexit__.await_count, len(saved))
            self.assertEqual(saved, ["row"], "it was entered")

        ran = run_body(explore(faults=True)(test))
        self.assertIn("fault:context@1", ran.text())
        self.assertNotIn("never left", ran.text())
        for schedule, kind in (("fault:context.__aexit__@1", "ok"), ("fault:context.__aexit__@2", "FAIL")):
            self.assertEqual(run_body(replay(schedule)(copy_of(test))).kinds, [kind])

    def test_a_balance_that_is_reduced_too_early(self):
        """A program that relies on the end of a transaction is found out."""

        async def test(self):
            transaction, balance = self.makeAsyncContext(), 10

            async def pay():
                nonlocal balance
                async with transaction:
                    balance -= 3

            try:
                await pay()
            except ConnectionError:
                self.assertEqual(balance, 10)

        ran = run_body(explore(faults=True)(test))
        self.assertIn("- the 1st call of context.__aexit__ failed with ConnectionError, in ", ran.text())
        self.assertIn('@replay("fault:context.__aexit__@1")', ran.text())

    def test_one_that_fails_anyway(self):
        """A context whose leaving is scripted to fail has no other fault."""

        async def test(self):
            with contextlib.suppress(OSError):
                async with self.makeAsyncContext(exit_raises=OSError):
                    pass

        ran = run_body(replay("fault:context.__aexit__@1")(test))
        self.assertIn("fault:context.__aexit__@1 did not occur", ran.text())


class HeldTests(unittest.TestCase):
    clock = "virtual"

    def test_a_context_that_is_lost_as_the_test_ends_early(self):
        """A context is lost only if the function that entered it would have left it."""

        class Client:
            def __init__(self, case):
                self.connection = case.makeAsyncContext("connection")
                self.query = mock.AsyncMock(name="query", side_effect=outcomes("a"))

            async def connect(self):
                await self.connection.__aenter__()

            async def close(self):
                await self.connection.__aexit__(None, None, None)

            async def copy(self):
                await self.connection.__aenter__()
                await self.query()
                await self.connection.__aexit__(None, None, None)

        async def test(self):
            await Client(self).copy()

        async def closes_it(self):
            client = Client(self)
            await client.connect()
            await client.query()
            await client.close()

        ran = run_body(explore(faults=True)(test))
        self.assertEqual(ran.kinds, ["FAIL"])
        self.assertIn(
            "after a call failed, something was still held at the end:\n  a context that", ran.text()
        )
        self.assertIn("in copy\n", ran.text())
        self.assertEqual(run_body(explore(faults=True)(closes_it)).kinds, ["ok"])

    async def holds(self, *, always=False):
        lock = asyncio.Lock()
        query = mock.AsyncMock(name="query", side_effect=outcomes("a"))
        await lock.acquire()
        with contextlib.suppress(ConnectionError):
            await query()
            if not always:
                lock.release()

    def test_a_lock_that_is_still_held(self):
        """A lock still held is a failure by itself, with the line of its acquisition, and the remedy."""
        holds = self.holds

        async def test(self):
            await holds()

        for marked in (explore(faults=True)(test), replay("fault:query@1")(copy_of(test))):
            ran = run_body(marked)
            self.assertEqual(ran.kinds, ["FAIL"])
            self.assertIn("after a call failed, something was still held at the end", ran.text())
            line = lines_of(type(self).holds, "await lock.acquire()")[0]
            self.assertIn(
                f"  a Lock that was acquired at tests/exploration/test_exploring_faults.py:{line} ",
                ran.text(),
            )
            self.assertIn("remedy: release it in `finally`", ran.text())

    def test_one_that_is_lost_as_the_test_ends_early(self):
        """A lock is lost if the function that acquired it would have released it without the failed call."""

        async def copy(lock, query):
            await lock.acquire()
            await query()
            lock.release()

        async def lock_and(query, lock):
            await lock.acquire()
            await query()

        async def test(self):
            await copy(asyncio.Lock(), mock.AsyncMock(name="query", side_effect=outcomes("a")))

        async def is_elsewhere(self):
            lock, query = asyncio.Lock(), mock.AsyncMock(name="query", side_effect=outcomes("a", "b"))
            other = asyncio.create_task(copy(lock, lambda: asyncio.sleep(1)))  # waits: on virtual time
            await asyncio.sleep(0)
            await query()
            await other
            await lock_and(query, lock)
            lock.release()

        ran = run_body(explore(faults=True)(test))
        self.assertEqual(ran.kinds, ["FAIL"])
        self.assertIn("something was still held at the end:\n  a Lock that was acquired", ran.text())
        self.assertIn("in copy\n", ran.text())
        self.assertNotIn("ConnectionError: ", ran.text())
        self.assertEqual(run_body(explore(faults=True)(is_elsewhere)).kinds, ["ok"])

    def test_one_that_is_held_anyway(self):
        """A lock that the test holds anyway is no failure, nor one whose test ended early."""
        holds = self.holds

        async def holds_it(self):
            await holds(always=True)

        async def ends_early(self):
            lock = asyncio.Lock()
            await lock.acquire()
            await mock.AsyncMock(name="query", side_effect=outcomes("a"))()
            lock.release()

        for test in (holds_it, ends_early):
            self.assertEqual(run_body(explore(faults=True)(test)).kinds, ["ok"])
