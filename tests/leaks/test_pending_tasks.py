"""The tasks that a test has left pending."""

import asyncio
import unittest

from asynctestkit import TaskLeaks, TransportLeaks
from asynctestkit.leaks.census import Census
from asynctestkit.leaks.findings import Findings
from asynctestkit.leaks.panel import Panel
from asynctestkit.leaks.pending_tasks import PendingTasks
from asynctestkit.leaks.reports import Reports
from asynctestkit.leaks.settling import Settling
from asynctestkit.loops.loop import HygienicEventLoop


class EndTests(unittest.TestCase):
    def setUp(self):
        self.loop = HygienicEventLoop()
        self.addCleanup(self.loop.close)
        panel = Panel([TaskLeaks, TransportLeaks])
        self.census = Census(panel.types, panel.registries)
        self.findings = Findings(panel, self.census, ())
        reports = Reports(self.census, self.findings.hear)
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

    def told(self):
        return [(leak.name, leak.description.partition(";")[0]) for leak in self.findings.leaks]

    def test_one_that_ends_by_itself(self):
        """It is no leak."""

        async def ends():
            for _ in range(7):
                await asyncio.sleep(0)

        (task,) = self.end(ends())
        self.assertEqual((task.cancelled(), self.told()), (False, []))

    def test_one_that_hangs(self):
        """It is told and cancelled."""

        async def hangs():
            await asyncio.get_running_loop().create_future()

        (task,) = self.end(hangs())
        self.assertTrue(task.cancelled())
        self.assertEqual([name for name, _ in self.told()], ["hangs"])

    def test_one_that_fails_when_it_is_cancelled(self):
        """With what it raised, which nobody logs."""

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
        """It is told as stubborn, and the loop forgets it."""

        async def refuses():
            while not released:
                try:
                    await asyncio.get_running_loop().create_future()
                except asyncio.CancelledError:
                    pass

        released = []
        (task,) = self.end(refuses())
        self.assertEqual(self.told(), [("refuses", "stubborn, it ignored its cancellation for 0.02 s")])
        self.assertEqual(asyncio.all_tasks(self.loop), set())
        released.append(True)
        task.get_coro().close()

    def test_an_endless_line(self):
        """The last of those that each start the next when cancelled is told besides."""

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
            "one of an endless line",
            {text.partition(",")[0] for _, text in self.told()} | {""}
            and {text.split(", as")[0] for _, text in self.told()},
        )
        released.append(True)
        for task in tasks:
            task.get_coro().close()

    def test_the_handler_of_a_connection(self):
        """It is told as the connection, whose client was not closed."""

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
        self.tasks.let_connections_go()
        self.loop.run_until_complete(asyncio.sleep(0))
