"""Detectors of the user's own."""

import asyncio
import inspect
import unittest

from asynctestkit import DEFAULT_DETECTORS, Allowance, Leak, LeakDetector, TaskLeaks, no_leaks
from asynctestkit.cpython import interpreter
from tests.case_runs import PACKAGE_FOLDER
from tests.leaks.contract import run_body


class Pool:
    """An object of a library: opened, used, closed."""

    def __init__(self, name):
        self.name = name
        self.is_open = True

    def close(self):
        self.is_open = False


class BigPool(Pool):
    pass


class PoolLeaks(LeakDetector):
    kind = "pool"
    types = (Pool,)
    seen = 0

    def examine(self, obj):
        PoolLeaks.seen += 1
        return Leak(self.kind, name=obj.name, description="not closed") if obj.is_open else None

    def release(self, obj):
        obj.close()


class DetectorTestCase(unittest.TestCase):
    def run_body(self, body, **members):
        members.setdefault("leak_detectors", (*DEFAULT_DETECTORS, PoolLeaks))
        return run_body(body, **members)


class OwnDetectorTests(DetectorTestCase):
    """A detector as in the README: for pools that a test does not close."""

    def test_it_finds_what_is_open(self):
        """Instances of its types and of their subclasses are examined, and the report is its own."""

        async def test(case):
            case.pools = [Pool("a"), BigPool("b"), Pool("closed")]
            case.pools[2].close()

        outcome = self.run_body(test)
        self.assertEqual({(leak.kind, leak.name) for leak in outcome.leaks}, {("pool", "a"), ("pool", "b")})
        self.assertRegex(outcome.report, r"\n\n[12]\. pool 'a', not closed\n   created in the test\n")

    def test_it_is_given_the_phase(self):
        """An object that existed when a phase ended was created in that phase, or before."""

        def set_up(case):
            case.first = Pool("first")

        async def test(case):
            case.second = Pool("second")

        def tear_down(case):
            case.third = Pool("third")

        leaks = self.run_body(test, setUp=set_up, tearDown=tear_down).leaks
        self.assertEqual(
            [(leak.name, leak.phase) for leak in leaks],
            [("first", "setUp"), ("second", "test"), ("third", "tearDown")],
        )

    def test_a_phase_of_its_own_is_kept(self):
        """A phase that a detector sets itself is kept."""

        class Knowing(PoolLeaks):
            def examine(self, obj):
                return Leak("pool", phase="warm-up")

        async def test(case):
            case.pool = Pool("x")

        (leak,) = self.run_body(test, leak_detectors=(Knowing,)).leaks
        self.assertEqual(leak.phase, "warm-up")

    def test_what_existed_before_is_not_shown_to_it(self):
        """Only new objects are examined, and none that other tests or modules have created."""
        old = Pool("old")

        async def test(case):
            old.used = True

        before = PoolLeaks.seen
        self.assertEqual(self.run_body(test).complaints, [])
        self.assertEqual(PoolLeaks.seen, before)

    def test_what_is_reported_is_released(self):
        """`release` ends each leak, but not an allowed one."""
        kept = []

        async def test(case):
            kept.append(Pool("kept"))

        self.run_body(test)
        self.assertFalse(kept[0].is_open)
        allowance = Allowance("pool", name="ke*", reason="this is what is tested")
        self.assertEqual(self.run_body(test, allowed_leaks=(allowance,)).complaints, [])
        self.assertTrue(kept[1].is_open)

    def test_garbage_is_gone_before_it_looks(self):
        """An object in an unreachable cycle has been collected before."""

        async def test(case):
            cycle = [Pool("garbage")]
            cycle.append(cycle)

        self.assertEqual(self.run_body(test).leaks, ())

    def test_one_instance_a_test(self):
        """Each test has an instance, which may keep state."""
        made = []

        class Counting(PoolLeaks):
            def __init__(self):
                made.append(self)

        async def test(case):
            case.pools = [Pool("a"), Pool("b")]

        self.run_body(test, leak_detectors=(Counting,))
        self.run_body(test, leak_detectors=(Counting,))
        self.assertEqual(len(made), 2)

    def test_the_first_detector_that_takes_a_thing_has_it(self):
        """An object that two detectors would examine is one leak."""

        class Second(PoolLeaks):
            kind = "second"

        async def test(case):
            case.pool = Pool("x")

        for detectors, kind in (((PoolLeaks, Second), "pool"), ((Second, PoolLeaks), "second")):
            leaks = self.run_body(test, leak_detectors=detectors).leaks
            self.assertEqual([leak.kind for leak in leaks], [kind])

    def test_it_may_look_at_asyncios_types(self):
        """A detector for finished tasks gets those; pending ones are reported by the built-in detector."""

        class Unread(LeakDetector):
            kind = "unread result"
            types = (asyncio.Task,)

            def examine(self, obj):
                return Leak(self.kind, obj.get_name()) if obj.done() and obj.get_name() == "done" else None

        async def test(case):
            case.done = asyncio.create_task(asyncio.sleep(0), name="done")
            await case.done
            case.pending = asyncio.create_task(asyncio.sleep(3600), name="pending")

        leaks = self.run_body(test, leak_detectors=(Unread, TaskLeaks)).leaks
        self.assertEqual(
            {(leak.kind, leak.name) for leak in leaks}, {("unread result", "done"), ("task", "pending")}
        )

    def test_without_detectors_nothing_is_a_leak(self):
        """With an empty tuple the tasks are swept all the same, and nothing is reported."""
        tasks = []

        async def test(case):
            tasks.append(asyncio.create_task(asyncio.sleep(3600)))

        self.assertEqual(self.run_body(test, leak_detectors=()).complaints, [])
        self.assertTrue(tasks[0].cancelled())

    def test_what_is_alive_is_announced(self):
        """`prepare` is called once with all objects before each is examined; not without any."""
        calls = []

        class Notes(PoolLeaks):
            def prepare(self, objects):
                calls.append(sorted(pool.name for pool in objects))

            def examine(self, obj):
                calls.append(obj.name)

        async def test(case):
            case.pools = [Pool("a"), Pool("b")]

        async def test_nothing(case):
            pass

        self.run_body(test, leak_detectors=(Notes,))
        self.run_body(test_nothing, leak_detectors=(Notes,))
        self.assertEqual([calls[0], *sorted(calls[1:])], [["a", "b"], "a", "b"])


class BrokenDetectorTests(DetectorTestCase):
    """Detectors that fail."""

    def test_an_error_of_its_own_is_the_tests_error(self):
        """The error of a detector is an error of the test."""

        class Broken(PoolLeaks):
            def examine(self, obj):
                raise LookupError("broken detector")

        async def test(case):
            case.pool = Pool("x")

        outcome = self.run_body(test, leak_detectors=(Broken,))
        self.assertEqual([type(each) for each in outcome.errors], [LookupError])
        self.assertFalse(interpreter.heap_is_frozen())
        self.assertNotIn(PACKAGE_FOLDER, outcome.report)

    def test_an_error_of_its_own_does_not_end_the_sweep(self):
        """The other detectors' leaks are found and released all the same, and reported in a note."""

        class Broken(PoolLeaks):
            def prepare(self, objects):
                raise OSError("unprepared")

            def release(self, obj):
                raise OSError("unreleased")

        async def test(case):
            kept.extend((asyncio.create_task(asyncio.sleep(3600), name="swept"), asyncio.sleep(0), Pool("x")))

        kept = []
        outcome = self.run_body(test, leak_detectors=(Broken, *DEFAULT_DETECTORS))
        self.assertEqual([repr(each) for each in outcome.errors], ["OSError('unprepared')"])
        (note,) = outcome.errors[0].__notes__
        for found in ("task 'swept'", "coroutine '", "pool '"):
            self.assertIn(found, note)
        self.assertTrue(kept[0].cancelled())
        self.assertEqual(inspect.getcoroutinestate(kept[1]), inspect.CORO_CLOSED)

    def test_a_test_that_has_its_outcome_keeps_it(self):
        """The error of a detector adds nothing to a test that has failed."""

        class Broken(PoolLeaks):
            def examine(self, obj):
                raise LookupError("broken detector")

        async def test(case):
            case.pool = Pool("x")
            case.fail("its own")

        outcome = self.run_body(test, leak_detectors=(Broken,))
        self.assertEqual([str(each) for each in (*outcome.failures, *outcome.errors)], ["its own"])
        (warning,) = outcome.leak_warnings
        self.assertIn("LookupError: broken detector", warning)

    def test_an_answer_that_is_no_leak(self):
        """An `examine` that returns anything but a Leak or None is the test's error, which names it."""
        for answer in (True, False, "open"):

            class Vague(PoolLeaks):
                def examine(self, obj):
                    return answer  # noqa: B023  # called within this turn of the loop

            async def test(case):
                case.pool = Pool("x")
                case.task = asyncio.create_task(asyncio.sleep(3600), name="swept")

            with self.subTest(answer):
                (error,) = self.run_body(test, leak_detectors=(Vague, *DEFAULT_DETECTORS)).errors
                text = f"Vague.examine returned {answer!r}, expected a Leak or None"
                self.assertEqual((type(error), str(error)), (TypeError, text))
                self.assertIn("task 'swept'", error.__notes__[0])


class Connection:
    """An object that takes turns of the loop, or time, to close."""

    def __init__(self):
        self.loop = asyncio.get_running_loop()
        self.state = "open"

    def close(self, after=0.0):
        self.state = "closing"
        self.loop.call_later(after, setattr, self, "state", "closed")


class ConnectionLeaks(LeakDetector):
    kind = "connection"
    types = (Connection,)

    def examine(self, obj):
        return Leak(self.kind, name="it", description=obj.state) if obj.state != "closed" else None

    def release(self, obj):
        if obj.state == "open":
            obj.close(after=0.01)

    def is_ending(self, obj):
        return obj.state != "closed"

    def is_gone(self, obj):
        return obj.state == "closed"


class TakesItsTimeTests(unittest.TestCase):
    """Objects that may end by themselves, or that need the loop for that."""

    def run_body(self, body, **members):
        return run_body(body, leak_detectors=(*DEFAULT_DETECTORS, ConnectionLeaks), **members)

    def test_what_may_end_is_waited_for(self):
        """An object that closes while the loop settles is no leak, though no task is pending."""

        async def test(case):
            case.connection = Connection()
            case.connection.close(after=0.01)

        self.assertEqual(self.run_body(test, settle_time=20.0).complaints, [])

    def test_what_does_not_end_is_a_leak(self):
        """An object that does not end is waited for once, for `settle_time`."""

        async def test(case):
            case.connection = Connection()
            case.connection.close(after=3600)

        (leak,) = self.run_body(test, settle_time=0.01, grace_period=0.01).leaks
        self.assertEqual(leak.description, "closing")

    def test_what_is_allowed_is_not_waited_for(self):
        """A test that is allowed to leave it ends at once."""

        async def test(case):
            case.connection = Connection()

        allowance = Allowance("connection", reason="this is what is tested")
        outcome = self.run_body(test, settle_time=3600.0, deadline=100.0, allowed_leaks=(allowance,))
        self.assertEqual(outcome.complaints, [])

    def test_what_is_released_comes_to_its_end(self):
        """The loop turns until a released object is gone, after a test as after a block."""
        seen = []

        async def test(case):
            seen.append(Connection())

        async def block(case):
            with case.assertRaises(AssertionError):
                async with no_leaks(settle_time=0.01, leak_detectors=(ConnectionLeaks,)):
                    seen.append(Connection())

        self.assertEqual(len(self.run_body(test, settle_time=0.01).leaks), 1)
        self.assertEqual(self.run_body(block).complaints, [])
        self.assertEqual([connection.state for connection in seen], ["closed", "closed"])
