"""The names of tasks in explored runs."""

import asyncio
import unittest

from asynctestkit.exploration.names import TaskNames, Walker, is_internal, require_a_match


async def fetch(): ...


class Store:
    async def save(self): ...


class TaskNamesTests(unittest.IsolatedAsyncioTestCase):
    async def test_names(self):
        """A task has its own name, or that of its coroutine; the second of a name is numbered."""

        async def local(): ...

        names = TaskNames()
        coroutines = [fetch(), fetch(), Store().save(), local()]
        tasks = [asyncio.create_task(each) for each in coroutines]
        named = [asyncio.create_task(fetch(), name="client") for _ in range(2)]
        self.assertEqual(
            [names.name(each) for each in tasks + named],
            ["fetch", "fetch#2", "Store.save", "local", "client", "client#2"],
        )
        self.assertEqual([names.name(tasks[0], "test"), names.name(tasks[0], "test")], ["test", "test#2"])
        await asyncio.gather(*tasks, *named)

    async def test_tasks_of_asyncio_itself(self):
        """Address look-ups are asyncio's own tasks; `sleep`, which a test may start as a task, is not."""

        async def _private(): ...

        loop = asyncio.get_running_loop()
        private = asyncio.ensure_future(loop._ensure_resolved(("127.0.0.1", 80), loop=loop))
        tasks = [private, asyncio.ensure_future(asyncio.sleep(0)), asyncio.ensure_future(_private())]
        self.assertEqual([is_internal(task) for task in tasks], [True, False, False])
        await asyncio.gather(*tasks)

    def test_a_pattern_has_to_match(self):
        """A pattern that matches no task is refused; where there are none, any will do."""
        for pattern, names in ((None, {"b"}), ("a*", {"b", "a1"}), ("*", {"b"}), ("a", set())):
            require_a_match(pattern, names, "no task")
        with self.assertRaisesRegex(ValueError, "tasks is 'A', and no task has .*: there are 'a', 'b'$"):
            require_a_match("A", {"b", "a"}, "no task")

    def test_a_walker_starts_at_nothing(self):
        """A new walker has no name and has taken no step."""
        walker = Walker(is_main=True)
        self.assertEqual((walker.name, walker.taken, walker.is_main), ("", 0, True))
