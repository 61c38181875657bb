"""The tasks behind what a chain waits on are named."""

import asyncio
import unittest

from asynctestkit.stacks.await_chain import first_names, name_order, tasks_behind
from tests.stacks.test_await_chain import ChainTestCase, outer, sleeps


class TasksBehindTests(ChainTestCase):
    async def test_what_is_awaited(self):
        """A task leads to itself; None, and a plain future, lead to none."""
        task = await self.start(sleeps())
        self.assertEqual(tasks_behind(task), [task])
        self.assertEqual(tasks_behind(None), [])
        self.assertEqual(tasks_behind(task.get_loop().create_future()), [])

    async def test_shield(self):
        """A `shield` is named with the task that it protects."""
        inner = await self.start(sleeps())
        inner.set_name("inner")
        future = inner.get_loop().create_future()
        gathered = asyncio.gather(inner, future, return_exceptions=True)
        for shielded, expected in (
            (inner, "shield of task 'inner'"),
            (asyncio.shield(inner), "shield of shield of task 'inner'"),
            (gathered, "shield of gather of 2, pending: 'inner'"),
            (future, "shield of a Future that nobody has set"),
        ):
            self.assertEqual(await self.waits_on(outer(asyncio.shield(shielded))), expected)

    @unittest.skipUnless(hasattr(asyncio, "TaskGroup"), "task groups are new in 3.11")
    async def test_a_task_group(self):
        """The end of a task group is named with the tasks that it waits for."""

        async def grouped():
            async with asyncio.TaskGroup() as group:
                for name in ("one", "other"):
                    group.create_task(sleeps(), name=name)

        waits_on = await self.waits_on(grouped())
        self.assertEqual(waits_on, "TaskGroup.__aexit__, pending: 'one', 'other'")


class NamesTests(ChainTestCase):
    async def test_names_are_in_order(self):
        """Numbers within names are compared as such; five names are shown."""
        names = [
            "2",
            "10",
            "Task",
            "Task-1",
            "Task-2",
            "Task-02b",
            "Task-2x",
            "Task-10",
            "Task-" + "9" * 5000,
        ]
        tasks = [await self.start(sleeps()) for _ in names]
        for task, name in zip(tasks, reversed(names), strict=True):
            task.set_name(name)
        self.assertEqual([task.get_name() for task in sorted(tasks, key=name_order)], names)
        self.assertEqual(first_names(names[:5]), "'2', '10', 'Task', 'Task-1', 'Task-2'")
        self.assertEqual(first_names([*names, *names]), "'2', '10', 'Task', 'Task-1', 'Task-2', …")
        self.assertEqual(first_names(["a"] * 9), "'a'")
