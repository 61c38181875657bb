"""Tasks without a name of their own are reported if a test requires names."""

import asyncio
import gc
import sys
import unittest

from asynctestkit import UnnamedTaskError, no_leaks
from asynctestkit.lifecycle.task_names import TaskNames
from asynctestkit.loops.loop import HygienicEventLoop
from tests.leaks.contract import FACTORIES, run_body


async def work():
    await asyncio.sleep(0)


class RequireTaskNamesTests(unittest.TestCase):
    def outcome(self, body, **members):
        return run_body(body, require_task_names=True, **members)

    def complaint(self, body, **members):
        """The text of the one failure."""
        outcome = self.outcome(body, **members)
        self.assertEqual([type(each) for each in outcome.failures], [UnnamedTaskError], outcome)
        self.assertEqual([*outcome.errors, *outcome.warnings], [])
        return str(outcome.failures[0])

    def assertNamed(self, body, **members):
        self.assertEqual(self.outcome(body, **members).complaints, [])

    def test_the_report_lists_each_with_its_line(self):
        """Each unnamed task, finished ones too, is listed with what it runs and where it was started."""

        async def test(case):
            await asyncio.create_task(work())
            gc.collect()
            case.task = asyncio.ensure_future(work())
            await case.task

        report = self.complaint(test)
        self.assertIn(
            "Inner.test requires task names, but started 2 tasks without a name:\n\n1. task 'Task-", report
        )
        first = test.__code__.co_firstlineno
        for line in (first + 1, first + 3):
            self.assertIn(f"{__file__.rpartition('tests')[2]}:{line} in test", report.replace("tests", ""))
        self.assertIn(", running work()\n   created in the test:\n", report)
        self.assertIn("remedy: asyncio.create_task(…, name='…')", report)

    def test_one_alone(self):
        """A single task is reported in the singular, under any task factory."""

        async def test(case):
            await asyncio.create_task(work())

        for factory in FACTORIES:

            async def set_factory(case, factory=factory):
                asyncio.get_running_loop().set_task_factory(factory)

            with self.subTest(factory.__name__):
                self.assertIn("started a task without a name:", self.complaint(test, asyncSetUp=set_factory))

    def test_every_way_to_name(self):
        """A name given at the creation, afterwards, by the task itself or at its end is accepted."""

        async def names_itself():
            await asyncio.sleep(0)
            asyncio.current_task().set_name("bg:self")

        async def test(case):
            tasks = [
                asyncio.create_task(work(), name="bg:1"),
                asyncio.get_running_loop().create_task(work(), name="bg:2"),
                asyncio.ensure_future(work()),
                asyncio.create_task(names_itself()),
                case.startBackground(work(), name="bg:3"),
            ]
            tasks[2].set_name("bg:late")
            for task in tasks:
                await task
            del tasks, task
            gc.collect()
            if sys.version_info >= (3, 11):
                async with asyncio.TaskGroup() as group:
                    group.create_task(work(), name="bg:4")

        self.assertNamed(test)

    def test_a_default_name_given_by_hand_does_not_count(self):
        """A default name such as "Task-5", passed by hand, is not accepted."""

        async def test(case):
            await asyncio.create_task(work(), name="Task-5")

        self.assertIn("'Task-5'", self.complaint(test))

    def test_background_tasks_and_groups_count(self):
        """Functions that start a task on behalf of the test accept a name, too."""

        async def test(case):
            case.startBackground(work())
            if sys.version_info >= (3, 11):
                async with asyncio.TaskGroup() as group:
                    group.create_task(work())

        expected = "2 tasks" if sys.version_info >= (3, 11) else "a task"
        self.assertIn(f"started {expected} without", self.complaint(test))

    def test_tasks_of_the_machinery_are_exempt(self):
        """Tasks of phases, `gather`, `wait_for`, a server's handlers and dropped generators are exempt."""

        async def serve(reader, writer):
            writer.close()

        async def ticks():
            while True:
                yield 1

        async def test(case):
            await asyncio.gather(work(), work())
            await asyncio.wait_for(work(), 5)
            await asyncio.shield(work())
            for future in asyncio.as_completed([work()]):
                await future
            server = await asyncio.start_server(serve, "127.0.0.1", 0)
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            await reader.read()
            writer.close()
            server.close()
            async for _ in ticks():
                break
            gc.collect()

        async def nothing(case):
            case.addAsyncCleanup(work)

        self.assertNamed(test, asyncSetUp=nothing, asyncTearDown=nothing, leak_detectors=())

    def test_a_leak_is_reported_first(self):
        """One failure has both reports, the leak's first."""

        async def test(case):
            case.task = asyncio.create_task(asyncio.sleep(3600))

        outcome = self.outcome(test)
        self.assertEqual([leak.kind for leak in outcome.leaks], ["task"])
        self.assertIn("requires task names", str(outcome.failures[0]))

    def test_a_stubborn_task_is_reported_as_well(self):
        """The name of a task that never ends is checked as well."""

        async def refuses():
            while True:
                try:
                    await asyncio.sleep(3600)
                except asyncio.CancelledError:
                    pass

        async def test(case):
            case.task = asyncio.create_task(refuses())
            await asyncio.sleep(0)

        outcome = self.outcome(test, grace_period=0.05, on_leak="ignore")
        self.assertEqual([type(each) for each in outcome.failures], [UnnamedTaskError])

    def test_a_decided_test_is_only_warned_of(self):
        """A test that has failed already gets no report on names."""

        async def test(case):
            await asyncio.create_task(work())
            case.fail("by itself")

        outcome = self.outcome(test)
        self.assertEqual([str(each) for each in outcome.failures], ["by itself"])
        self.assertEqual(len(outcome.leak_warnings), 1)

    def test_one_destroyed_while_pending(self):
        """A task destroyed while pending is a leak; its name is unknown."""

        async def test(case):
            async def forever(futures):
                futures.append(asyncio.get_running_loop().create_future())
                await futures[0]

            futures = []
            asyncio.create_task(forever(futures))
            await asyncio.sleep(0)
            futures.clear()
            gc.collect()

        outcome = self.outcome(test)
        self.assertEqual([leak.kind for leak in outcome.leaks], ["task"])

    def test_a_loop_of_the_users_own(self):
        """A loop of the user's own does not record who started a task, so none is reported."""

        async def test(case):
            await asyncio.create_task(work())

        self.assertNamed(test, loop_factory=staticmethod(asyncio.SelectorEventLoop))

    def test_a_block(self):
        """`no_leaks(require_task_names=True)` requires names of a block alone."""

        async def test(case):
            await asyncio.create_task(work())
            with case.assertRaises(UnnamedTaskError):
                async with no_leaks(require_task_names=True):
                    await asyncio.create_task(work())
            await asyncio.create_task(work())

        self.assertEqual(run_body(test).complaints, [])


class TaskNamesTests(unittest.TestCase):
    def test_without_a_site_nothing_is_noted(self):
        """A task without a site, and an object that is no task, is ignored."""
        loop = HygienicEventLoop()
        self.addCleanup(loop.close)

        class NoTask(asyncio.Future):
            def set_name(self, name):
                pass

        names = TaskNames(loop)
        coroutine = work()
        loop.set_task_factory(lambda loop, coro, **options: NoTask(loop=loop))
        loop.create_task(coroutine)
        coroutine.close()
        names.close()
        self.assertEqual((names.unnamed(), loop.task_watchers), ([], []))
