"""The sweep ends every survivor, however it reacts, and reports each once."""

import asyncio
import contextlib
import faulthandler
import inspect
import sys
import time
import unittest
from collections.abc import Coroutine

from tests.leaks.contract import Inner, run_body
from tests.running import run_case

HARD_CAP = 120
"""Wall seconds after which a test that hangs ends this process, with every thread's stack."""


async def hang():
    await asyncio.get_running_loop().create_future()


async def start(coro, **options):
    task = asyncio.create_task(coro, **options)
    await asyncio.sleep(0)
    return task


class SurvivorsCase(unittest.TestCase):
    def setUp(self):
        faulthandler.dump_traceback_later(HARD_CAP, exit=True, file=sys.__stderr__)
        self.addCleanup(faulthandler.cancel_dump_traceback_later)

    def leaks(self, body, **members):
        outcome = run_body(body, **members)
        self.assertEqual(outcome.errors, [])
        self.assertEqual(outcome.output, "")
        self.assertEqual(run_case(Inner).complaints, [])  # the next test is not harmed
        return outcome.leaks


class ConnectedTasksTests(SurvivorsCase):
    def test_a_long_chain(self):
        """Five thousand tasks that each await the next are ended in linear time, and all reported."""

        async def awaits(future):
            await future

        async def test(case):
            last = asyncio.get_running_loop().create_future()
            for _ in range(5000):
                last = asyncio.create_task(awaits(last))
            await asyncio.sleep(0)

        leaks = self.leaks(test)
        self.assertEqual({leak.kind for leak in leaks}, {"task"})
        self.assertEqual(len(leaks), 5000)

    def test_a_ring(self):
        """Tasks that await each other are ended at their coroutines."""

        async def test(case):
            tasks = []

            async def awaits(number):
                await tasks[number]

            tasks += [asyncio.create_task(awaits(number), name=str(number)) for number in (1, 2, 0)]
            await asyncio.sleep(0)
            kept.extend(tasks)

        kept = []
        leaks = self.leaks(test)
        self.assertEqual(sorted(leak.waits_on for leak in leaks), ["task '0'", "task '1'", "task '2'"])
        self.assertEqual({inspect.getcoroutinestate(task.get_coro()) for task in kept}, {inspect.CORO_CLOSED})

    def test_a_shield(self):
        """The task behind a shield is a survivor of its own."""

        async def shields():
            await asyncio.shield(start_named)

        async def test(case):
            nonlocal start_named
            start_named = await start(hang(), name="inner")
            await start(shields(), name="outer")

        start_named = None
        self.assertEqual({leak.name for leak in self.leaks(test)}, {"inner", "outer"})

    def test_a_gather(self):
        """The children of a `gather()` are reported, and its future is no leak of its own."""

        async def gathers():
            await asyncio.gather(hang(), hang())

        async def awaited(case):
            await start(gathers(), name="outer")
            await asyncio.sleep(0)

        async def kept(case):
            case.future = asyncio.gather(hang(), hang())

        self.assertEqual([leak.kind for leak in self.leaks(awaited)], ["task"] * 3)
        self.assertEqual([leak.kind for leak in self.leaks(kept)], ["task"] * 2)

    def test_what_fails_because_its_task_was_cancelled(self):
        """A future that fails as a leaked task ends belongs to that leak; one that failed before does not."""

        class Connection:
            def __init__(self):
                self.reply = asyncio.get_running_loop().create_future()
                self.early = asyncio.get_running_loop().create_future()
                self.early.set_exception(ConnectionError("early"))

            async def read(self):
                try:
                    await hang()
                finally:
                    self.reply.set_exception(ConnectionError("late"))

        async def test(case):
            case.connection = Connection()
            await start(case.connection.read())

        leaks = self.leaks(test)
        self.assertEqual([leak.kind for leak in leaks], ["task", "exception"])
        self.assertIn("early", leaks[1].description)

    def test_a_coroutine_that_a_swept_task_holds(self):
        """A leaked task that holds a coroutine not yet awaited is one leak."""

        async def holds():
            coroutine = hang()
            await hang()
            await coroutine

        async def test(case):
            await start(holds())

        self.assertEqual([leak.kind for leak in self.leaks(test)], ["task"])


class CancelledTests(SurvivorsCase):
    """How tasks react to their cancellation."""

    def test_an_exception_is_reported_with_the_leak(self):
        """A task that raises instead of ending is one leak, which names the exception."""

        class Own(BaseException):
            pass

        for error in (ValueError("broken"), KeyboardInterrupt(), SystemExit(3), Own("mine")):

            async def raises(error=error):
                try:
                    await hang()
                finally:
                    raise error

            async def test(case, raises=raises):
                await start(raises())

            with self.subTest(error):
                (leak,) = self.leaks(test)
                self.assertIn("; when cancelled it raised ", leak.description)
                self.assertIn(type(error).__name__, leak.description)

    def test_a_result_is_not_told(self):
        """A task that swallows the cancellation and returns has ended, and its result is not reported."""

        async def swallows():
            with contextlib.suppress(asyncio.CancelledError):
                await hang()

        async def test(case):
            await start(swallows())

        (leak,) = self.leaks(test)
        self.assertTrue(leak.description.startswith("still pending: "), leak.description)

    def test_cleaning_up_may_take_the_grace_period(self):
        """A task whose `finally` takes a while is given the time."""

        async def cleans_up():
            try:
                await hang()
            finally:
                await asyncio.sleep(0.05)  # waits: the clean-up that takes time is what is tested
                ended.append(True)

        async def test(case):
            await start(cleans_up())

        ended = []
        (leak,) = self.leaks(test, grace_period=20.0)
        self.assertEqual(ended, [True])
        self.assertNotIn("stubborn", leak.description)

    def test_a_successor_is_swept_too(self):
        """A task that a cancelled task starts is ended as well, and is no leak of its own."""

        async def starts_another():
            try:
                await hang()
            finally:
                started.append(asyncio.create_task(hang()))

        async def test(case):
            await start(starts_another(), name="first")

        started = []
        self.assertEqual([leak.name for leak in self.leaks(test)], ["first"])
        self.assertTrue(started[0].cancelled())

    def test_a_successor_that_fails_is_no_leak_of_its_own(self):
        """The exception of a task that only the sweep caused to be started belongs to the first leak."""

        async def fails():
            raise ValueError

        async def starts_another():
            try:
                await hang()
            finally:
                started.append(asyncio.create_task(fails()))

        async def test(case):
            await start(starts_another(), name="first")

        started = []
        self.assertEqual([leak.name for leak in self.leaks(test)], ["first"])

    def test_an_endless_line_of_successors(self):
        """Tasks that start one another for ever are abandoned after the grace period, and reported."""

        class StartsAnother(Coroutine):
            """Starts the next even if it is cancelled before it begins."""

            def __await__(self):
                return iter(asyncio.get_running_loop().create_future())

            def send(self, value):
                return next(self.__await__())

            def throw(self, *error):
                asyncio.create_task(StartsAnother(), name="successor")
                raise asyncio.CancelledError

        async def test(case):
            await start(StartsAnother(), name="first")

        outcome = run_body(test, grace_period=0.1)
        self.assertEqual(outcome.errors, [])
        self.assertEqual(outcome.leaks[0].name, "first")
        self.assertEqual({leak.name for leak in outcome.leaks[1:]}, {"successor"})
        self.assertIn("one of an endless chain: ", outcome.leaks[1].description)
        self.assertEqual(run_case(Inner).complaints, [])


class StubbornTests(SurvivorsCase):
    """Tasks that refuse to end."""

    async def refuses(self):
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await hang()

    async def spins(self):
        while True:
            try:
                await asyncio.sleep(0)
            except BaseException:  # the worst that users write
                pass

    def test_it_is_reported_as_stubborn_and_detached(self):
        """After the grace period a stubborn task is detached, and reported as stubborn."""

        async def test(case):
            await start(self.refuses(), name="stubborn")

        started = time.monotonic()
        (leak,) = self.leaks(test, grace_period=0.1)
        self.assertLess(time.monotonic() - started, HARD_CAP / 2)
        self.assertTrue(
            leak.description.startswith("stubborn, it ignored its cancellation for 0.1 s; still pending: ")
        )
        self.assertTrue(leak.remedy.startswith("let CancelledError through"), leak.remedy)

    def test_without_a_grace_period(self):
        """With no grace period, a task that does not end at once is stubborn, and others are not."""

        async def test(case):
            await start(self.refuses(), name="stubborn")
            await start(hang(), name="willing")

        is_stubborn = {
            leak.name: "stubborn, " in leak.description for leak in self.leaks(test, grace_period=0)
        }
        self.assertTrue(is_stubborn["stubborn"])
        self.assertEqual(set(is_stubborn), {"stubborn", "willing"})

    def test_a_spinner(self):
        """A task that spins on `sleep(0)` and ignores everything hangs neither the settling nor the close."""

        async def test(case):
            await start(self.spins(), name="spinner")

        (leak,) = self.leaks(test, settle_time=0.1, grace_period=0.1)
        self.assertIn("stubborn, ", leak.description)

    def test_willing_tasks_beside_it(self):
        """One stubborn task does not make others stubborn."""

        async def test(case):
            case.tasks = [await start(self.refuses(), name="stubborn")]
            case.tasks += [await start(hang(), name="willing") for _ in range(50)]

        leaks = self.leaks(test, grace_period=0.1)
        self.assertEqual([leak.name for leak in leaks if "stubborn, " in leak.description], ["stubborn"])
        self.assertEqual(len(leaks), 51)

    def test_one_that_started_in_the_sweep(self):
        """A successor that refuses is a leak, as it lives on."""

        async def starts_another():
            try:
                await hang()
            finally:
                asyncio.create_task(self.refuses(), name="successor")

        async def test(case):
            await start(starts_another(), name="first")

        self.assertEqual([leak.name for leak in self.leaks(test, grace_period=0.1)], ["first", "successor"])
        self.assertEqual(self.leaks(test, grace_period=0.1, leak_detectors=()), ())


class ManyTests(SurvivorsCase):
    def test_many_tasks(self):
        """Ten thousand leaked tasks are swept in linear time."""

        async def test(case):
            for _ in range(10_000):
                asyncio.create_task(hang())

        started = time.monotonic()
        outcome = run_body(test)
        self.assertEqual(len(outcome.leaks), 10_000)
        self.assertLess(time.monotonic() - started, HARD_CAP / 2)
        self.assertIn("1. 10000 tasks ", outcome.report)
