"""The tasks that a test has left pending."""

import asyncio
import gc
import unittest

from asynctestkit import Allowance, TaskLeaks, TransportLeaks
from asynctestkit.cpython import task_internals
from asynctestkit.leaks.census.census import Census
from asynctestkit.leaks.sweeping.findings import Findings
from asynctestkit.leaks.sweeping.panel import Detectors, Panel
from asynctestkit.leaks.sweeping.pending_tasks import PendingTasks
from asynctestkit.leaks.sweeping.reports import Reports
from asynctestkit.leaks.sweeping.settling import Settling
from asynctestkit.loops.loop import HygienicEventLoop
from tests.leaks.contract import run_body
from tests.running import Overheard, overhearing


class EndTests(unittest.TestCase):
    def setUp(self):
        self.loop = HygienicEventLoop()
        self.addCleanup(self.loop.close)
        detectors = Detectors([TaskLeaks, TransportLeaks])
        panel = Panel(detectors, [])
        self.census = Census(detectors.types, detectors.registries)
        self.findings = Findings(panel, self.census, (), [], set())
        reports = Reports(self.census, self.findings.add_if_leak)
        settling = Settling(self.census, panel, self.findings.allows)
        self.tasks = PendingTasks(self.census, self.findings, settling, reports)
        self.census.open(self.loop)
        self.addCleanup(self.census.close)
        reports.open(True)
        self.addCleanup(reports.close)

    def end(self, *coroutines):
        made = [self.loop.create_task(each, name=each.__name__) for each in coroutines]
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.run_until_complete(self.tasks.end(self.loop, 0.01, 0.02))
        return made

    def leaks_found(self):
        return [(leak.name, leak.description.partition(";")[0]) for leak in self.findings.leaks]

    def test_one_that_ends_by_itself(self):
        """A task that ends by itself is no leak."""

        async def ends():
            for _ in range(7):
                await asyncio.sleep(0)

        (task,) = self.end(ends())
        self.assertEqual((task.cancelled(), self.leaks_found()), (False, []))

    def test_one_that_hangs(self):
        """A task that hangs is reported and cancelled."""

        async def hangs():
            await asyncio.get_running_loop().create_future()

        (task,) = self.end(hangs())
        self.assertTrue(task.cancelled())
        self.assertEqual([name for name, _ in self.leaks_found()], ["hangs"])

    def test_one_that_fails_when_it_is_cancelled(self):
        """What a task raises when it is cancelled is reported with it, and not logged."""

        async def fails():
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                raise LookupError("late")

        with self.assertNoLogs("asyncio"):
            self.end(fails())
        (leak,) = self.findings.leaks
        self.assertTrue(leak.description.endswith("; when cancelled it raised LookupError: late"))

    def test_one_that_refuses(self):
        """A task that refuses is reported as stubborn, and removed from the loop."""

        async def refuses():
            while not released:
                try:
                    await asyncio.get_running_loop().create_future()
                except asyncio.CancelledError:
                    pass

        released = []
        (task,) = self.end(refuses())
        self.assertEqual(
            self.leaks_found(), [("refuses", "stubborn, it ignored its cancellation for 0.02 s")]
        )
        self.assertEqual(asyncio.all_tasks(self.loop), set())
        released.append(True)
        task.get_coro().close()

    def test_an_endless_line(self):
        """Of tasks that each start the next when cancelled, the last is reported besides the first."""

        async def follows():
            try:
                await asyncio.get_running_loop().create_future()
            except asyncio.CancelledError:
                if not released:
                    tasks.append(asyncio.ensure_future(follows()))
                    await asyncio.get_running_loop().create_future()

        released, tasks = [], []
        self.end(follows())
        self.assertIn(
            "one of an endless chain",
            {text.partition(",")[0] for _, text in self.leaks_found()} | {""}
            and {text.split(": each")[0] for _, text in self.leaks_found()},
        )
        released.append(True)
        for task in tasks:
            task.get_coro().close()

    def test_the_handler_of_a_connection(self):
        """A task that handles a connection is reported as the connection, whose client was not closed."""

        async def handle(reader, writer):
            await reader.read()

        async def connect():
            self.server = await asyncio.start_server(handle, "127.0.0.1", 0)
            self.streams = await asyncio.open_connection(*self.server.sockets[0].getsockname())
            while len(asyncio.all_tasks()) < 2:
                await asyncio.sleep(0)

        self.loop.run_until_complete(connect())
        self.loop.run_until_complete(self.tasks.end(self.loop, 0.01, 0.02))
        self.assertEqual([leak.kind for leak in self.findings.leaks], ["transport"])
        ((detector, transport),) = self.tasks.connections
        self.assertIs(transport, self.streams[1].transport)
        detector.release(transport)
        self.server.close()
        self.tasks.release_connections()
        self.loop.run_until_complete(asyncio.sleep(0))


class ConnectionTests(unittest.TestCase):
    """A forgotten close is one leak of a whole test: the client's end, and not the other's handler."""

    async def converse(self, case, handlers=1, refuses=False):
        """Leaves a client open whose other end is handled by so many tasks."""

        async def go_on(writer):
            while True:
                try:
                    await asyncio.get_running_loop().create_future()
                except asyncio.CancelledError:
                    if not refuses or self.released:
                        raise

        async def handle(reader, writer):
            self.tasks += [asyncio.ensure_future(go_on(writer)) for _ in range(handlers)]

        self.tasks, self.released = [], []
        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        case.addCleanup(server.close)
        case.streams = await asyncio.open_connection(*server.sockets[0].getsockname())
        while not self.tasks:
            await asyncio.sleep(0)
        await asyncio.sleep(0)

    def leaks(self, body, **members):
        outcome = run_body(body, settle_time=0.05, grace_period=0.05, **members)
        self.assertEqual((outcome.errors, outcome.leak_warnings), ([], []))
        return [leak.kind for leak in outcome.leaks]

    def test_several_handlers(self):
        """Several handlers of one connection are reported with it."""

        async def test(case):
            await self.converse(case, handlers=2)

        self.assertEqual(self.leaks(test), ["transport"])

    def test_where_connections_are_no_leaks(self):
        """Without a detector for connections the handler is the leak; an allowed connection allows it."""

        async def test(case):
            await self.converse(case)

        allowance = Allowance("transport", reason="closed by another")
        self.assertEqual(self.leaks(test, leak_detectors=(TaskLeaks,)), ["task"])
        self.assertEqual(self.leaks(test, allowed_leaks=(allowance,)), [])
        with overhearing(Overheard()):
            self.tasks.clear()
            gc.collect()  # what was no leak is open

    def test_a_handler_that_refuses(self):
        """A handler that refuses is a leak of its own."""

        async def test(case):
            await self.converse(case, refuses=True)

        self.assertEqual(sorted(self.leaks(test)), ["task", "transport"])
        self.released.append(True)
        for task in self.tasks:
            task.get_coro().close()


class AfterTheReportTests(unittest.TestCase):
    def test_nothing_of_the_run_is_kept_by_a_kept_task(self):
        """A leaked task that is still held has no exception, which would show frames, and is in no list."""
        kept = []

        async def test(case):
            kept.append(asyncio.create_task(asyncio.sleep(3600)))
            await asyncio.sleep(0)

        self.assertEqual([leak.kind for leak in run_body(test).leaks], ["task"])
        (task,) = kept
        self.assertTrue(task.cancelled())
        self.assertEqual([o for o in gc.get_referents(task) if isinstance(o, BaseException)], [])
        for name in task_internals._TASK_REGISTRIES:
            self.assertNotIn(task, getattr(asyncio.tasks, name))
