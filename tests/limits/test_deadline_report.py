"""The DeadlineError: where the phase stood, an explanation, and its remedy."""

import asyncio
import concurrent.futures
import sys
import threading
import unittest
from unittest import mock

from asynctestkit import DeadlineError, HygienicAsyncTestCase, Settings
from asynctestkit.cpython import transport_internals
from asynctestkit.lifecycle.guard import Guard
from asynctestkit.limits.deadline_report import report_of_overrun
from asynctestkit.loops.loop import HygienicEventLoop
from asynctestkit.loops.runner import Runner
from asynctestkit.loops.virtual.virtual_loop import VirtualEventLoop
from tests.running import run_case

HEADLINE = "Feed.test: its body was not over"
SPINS = (
    r"it was blocked here, outside of any await:\n"
    r"  File .*test_deadline_report.py\", line \d+, in poll\n    .*\n"
)


async def poll():
    while True:
        await asyncio.sleep(5)  # waits: for nothing, as it is a mock
        asyncio.sleep.reset_mock()  # it would keep all calls, and the sweep would look through them


class ReportTests(unittest.TestCase):
    def report(self, body, *, blocked_stack="", loop=HygienicEventLoop):
        """The report on a test that has awaited `body(self)`, from that point."""
        self.runner = runner = Runner(None, lambda loop: None, loop)
        self.addCleanup(runner.close)
        guard = Guard("Feed.test", (__file__, 1), Settings(), {}, runner)
        guard.open(runner.get_loop())
        self.addCleanup(guard.close)

        async def main():
            await body()
            await asyncio.sleep(0)
            return report_of_overrun(guard, HEADLINE, blocked_stack)

        return runner.run(main())

    async def hang_up(self):
        for transport in transport_internals.connections_of(asyncio.get_running_loop()):
            transport.abort()
        await self.tasks[0]

    def remedy(self, body, **options):
        return self.report(body, **options).rpartition("remedy: ")[2]

    async def waits(self, coro):
        """Leaves a task that waits."""
        self.tasks = [*getattr(self, "tasks", []), asyncio.ensure_future(coro)]
        await asyncio.sleep(0)

    def test_nothing_is_known(self):
        """Without an explanation, the remedy is a timeout, or a longer deadline."""

        async def body():
            await self.waits(asyncio.Event().wait())

        report = self.report(body)
        self.assertTrue(report.startswith(f"{HEADLINE}\n\nwhere its tasks stood:\n"), report)
        self.assertIn("which waits on Event.wait", report)
        self.assertTrue(report.endswith("or allow more: @hygiene(deadline=…)"), report)

    def test_what_blocks(self):
        """The blocking stack comes first, and the remedy is that of a blocked loop."""
        report = self.report(lambda: asyncio.sleep(0), blocked_stack='  File "feed.py", line 7\n')
        expected = f'{HEADLINE}\n\nit was blocked here, outside of any await:\n  File "feed.py", line 7\n'
        self.assertTrue(report.startswith(expected), report)
        self.assertIn("await asyncio.to_thread(…)", report.rpartition("remedy: ")[2])

    def test_a_clock_that_stands_still(self):
        """The report says what has stopped the clock, and how to let it go on."""

        async def body():
            asyncio.get_running_loop().time = lambda: 1.0

        report = self.report(body)
        self.assertIn("its loop's clock stands still: loop.time was replaced", report)
        self.assertIn("let the loop's clock advance", report)

    def test_virtual_time_that_did_not_jump(self):
        """The thread that kept virtual time from jumping is named, with a remedy."""
        stop = threading.Event()
        self.addCleanup(stop.set)

        async def body():
            threading.Thread(target=stop.wait, args=(60,), name="poller", daemon=True).start()

        report = self.report(body, loop=VirtualEventLoop)
        # Threads of tests before this one may be at work as well.
        self.assertRegex(report, r"time did not jump, because of work outside the loop: .*thread 'poller'")
        self.assertIn('Allowance("thread", name=…', report.rpartition("remedy: ")[2])

    def test_what_blocks_virtual_time(self):
        """For a blocked virtual loop outside activity is not inspected: that takes locks."""
        with mock.patch("asynctestkit.limits.deadline_report.what_is_at_work", side_effect=AssertionError):
            self.report(lambda: asyncio.sleep(0), blocked_stack="  here\n", loop=VirtualEventLoop)

    def test_a_task_that_failed_and_left_a_queue_full(self):
        """The exception that ended the task is shown, with its line, as the fault to be fixed."""

        async def consumer(queue):
            await queue.get()
            raise ValueError("cannot parse")  # here

        async def body():
            queue = asyncio.Queue(1)
            await self.waits(queue.put(1))
            self.tasks.append(asyncio.create_task(consumer(queue), name="consumer"))
            await asyncio.sleep(0)
            await queue.put(2)
            await self.waits(queue.put(3))

        report = self.report(body)
        self.assertIn(
            "tasks that had failed by then, whose exceptions were never retrieved:\n"
            "  task 'consumer': ValueError: cannot parse\n    ",
            report,
        )
        self.assertRegex(report, r"test_deadline_report\.py:\d+ in consumer\n")
        self.assertIn("fix the error in 'consumer'", report.rpartition("remedy: ")[2])
        self.assertFalse(self.tasks[1]._log_traceback, "it would be logged as well")

    def test_many_that_failed(self):
        """Five failed tasks are shown, the rest is counted."""

        async def fails():
            raise ValueError

        async def body():
            self.tasks = [asyncio.create_task(fails(), name=f"worker-{n}") for n in range(7)]

        report = self.report(body)
        self.assertEqual(report.count(": ValueError"), 5)
        self.assertIn("  … and 2 more", report)

    def test_a_queue_without_consumers(self):
        """If no task has failed, the remedy is that of the queue."""

        async def body():
            queue = asyncio.Queue(1)
            queue.put_nowait(1)
            await self.waits(queue.put(2))

        self.assertEqual(self.remedy(body), "have a consumer take from the queue, or raise its maxsize")

    @unittest.skipUnless(sys.version_info >= (3, 12), "before 3.12 wait_closed() waits for nobody")
    def test_a_server_whose_clients_are_open(self):
        """The connections that `wait_closed()` waits for are named."""

        accepted = []

        async def body():
            server = await asyncio.start_server(lambda *streams: accepted.append(streams), "127.0.0.1", 0)
            self.address = "{}:{}".format(*server.sockets[0].getsockname())
            _, self.writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            self.client = "{}:{}".format(*self.writer.get_extra_info("sockname"))
            while not accepted:
                await asyncio.sleep(0)
            server.close()
            await self.waits(server.wait_closed())
            self.addCleanup(self.runner.run, self.hang_up())

        report = self.report(body)
        self.assertIn(f"these are open:\n  {self.address} <- {self.client}\n", report)
        self.assertIn("close the clients first", report.rpartition("remedy: ")[2])

    def test_a_job_in_a_pool(self):
        """The job is named, with the line where its thread stands; a queued one is reported as queued."""
        begun, stop = threading.Event(), threading.Event()
        self.addCleanup(stop.set)

        def fetch():
            begun.set()
            stop.wait(60)  # here

        async def body():
            loop = asyncio.get_running_loop()
            loop.set_default_executor(concurrent.futures.ThreadPoolExecutor(1))
            await self.waits(asyncio.to_thread(fetch))
            await self.waits(asyncio.to_thread(fetch))
            begun.wait(60)

        report = self.report(body)
        self.assertRegex(report, r"\n  \S*fetch\(\), queued: every thread of its pool is busy\n")
        self.assertRegex(
            report,
            r"jobs in thread pools.*:\n  \S*fetch\(\), which stands at:\n    \S*test_deadline_report\.py",
        )
        self.assertIn("give what it calls a time-out", report.rpartition("remedy: ")[2])
        stop.set()


class OverrunTests(unittest.TestCase):
    """The whole path, with the watchdog."""

    class Case(HygienicAsyncTestCase):
        deadline = 0.2
        asyncio_debug = False  # it logs slow callbacks

    def outcome(self, body):
        outcome = run_case(type("Inner", (self.Case,), {"test": body}))
        self.assertEqual([type(each) for each in outcome.failures], [DeadlineError], outcome)
        self.assertEqual([outcome.errors, outcome.leak_warnings], [[], []])
        self.assertNotIn("PhaseInterrupt", outcome.output)
        return str(outcome.failures[0])

    def test_a_mocked_sleep_that_never_yields(self):
        """The spinning line is shown, whatever frames are innermost, and our interrupt is not."""

        async def test(case):
            mocked = mock.patch("asyncio.sleep", mock.AsyncMock())
            mocked.start()
            case.addCleanup(mocked.stop)
            case.poller = asyncio.create_task(poll())
            await asyncio.wait_for(asyncio.Event().wait(), 0.05)

        self.assertRegex(self.outcome(test), SPINS)

    def test_a_background_task_that_spins(self):
        """A background task that spins ends with the interrupt, which is not reported as its error."""

        async def test(case):
            with mock.patch("asyncio.sleep", mock.AsyncMock()):
                case.startBackground(poll())
                await asyncio.wait_for(asyncio.Event().wait(), 0.05)

        self.assertRegex(self.outcome(test), SPINS)


class StrandedTests(unittest.TestCase):
    class Case(HygienicAsyncTestCase):
        deadline = 0.2

    def report(self, body):
        outcome = run_case(type("Inner", (self.Case,), {"test": body}))
        self.assertEqual([type(each) for each in outcome.failures], [DeadlineError], outcome)
        return str(outcome.failures[0])

    def test_a_body_that_can_never_wake(self):
        """Beside a heartbeat, on the real clock: it is said, with the remedy of a deadlock."""

        async def beat():
            while True:
                await asyncio.sleep(0.05)  # waits: for the deadline

        async def test(case):
            case.startBackground(beat())
            await asyncio.Event().wait()

        report = self.report(test)
        self.assertIn(
            "\n\nit could never wake: nothing that still runs refers to what it waits for, and only", report
        )
        self.assertIn("remedy: have another task set, notify or end what is waited for", report)

    def test_a_body_that_may_wake(self):
        """It is not said where the heartbeat has what the body waits for."""

        async def beat_until(event):
            while not event.is_set():
                await asyncio.sleep(0.05)  # waits: for the deadline

        async def test(case):
            event = asyncio.Event()
            case.startBackground(beat_until(event))
            await event.wait()

        self.assertNotIn("nothing that still runs", self.report(test))
