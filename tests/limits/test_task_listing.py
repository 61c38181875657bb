"""Where tasks stand: the test's own first, the others by name, a long list cut."""

import asyncio
import unittest

from asynctestkit.limits.task_listing import list_tasks


class StandingTests(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.never = asyncio.Event()
        self.tasks = []

    async def start(self, *names):
        async def stands():
            await self.never.wait()

        self.tasks += [asyncio.create_task(stands(), name=name) for name in names]
        await asyncio.sleep(0)
        return self.tasks

    async def asyncTearDown(self):
        self.never.set()
        if self.tasks:
            await asyncio.wait(self.tasks)

    def entries(self, lines):
        return [line for line in lines if line.startswith("  ") and line[2] != " "]

    async def test_no_tasks(self):
        """Without tasks there are no lines."""
        self.assertEqual(list_tasks(None, []), [])

    async def test_the_main_task_comes_first(self):
        """The others follow by name, each with its chain and what it waits on."""
        main, *others = await self.start("z", "b", "a")
        lines = list_tasks(main, others)
        self.assertEqual(lines[:2], ["", "where its tasks stood:"])
        self.assertEqual(len(self.entries(lines)), 2)
        self.assertEqual(lines[2], "  task 'z', the test's own task")
        stands = "StandingTests.start.<locals>.stands()"
        self.assertIn(f"  2 tasks ('a', 'b'), {stands}", lines)
        self.assertEqual(lines.count("    which waits on Event.wait"), 2)

    async def test_a_main_task_outside_of_the_users_code(self):
        """The test's task is left out if it runs no line of the user's."""
        idle = asyncio.create_task(self.never.wait())
        self.tasks.append(idle)
        await asyncio.sleep(0)
        self.assertEqual(list_tasks(idle, []), [])

    async def test_many_tasks(self):
        """After twenty entries, the rest of the tasks is counted."""
        for number in range(25):
            self.tasks.append(asyncio.create_task(asyncio.sleep(number + 60), name=f"n{number}"))
        await self.start("same", "same too")
        await asyncio.sleep(0)
        lines = list_tasks(None, self.tasks)
        entries = self.entries(lines)
        self.assertEqual((len(entries), entries[-1]), (21, "  … and 7 more"))
        self.assertEqual(entries[:20], [f"  task 'n{number}', sleep()" for number in range(20)])
        for task in self.tasks[:25]:
            task.cancel()

    async def test_many_at_one_place(self):
        """Tasks at one place are one entry, with the first names, sorted by their numbers."""
        tasks = await self.start(*(f"Task-{number}" for number in reversed(range(40))))
        (entry,) = self.entries(list_tasks(None, tasks))
        self.assertTrue(
            entry.startswith("  40 tasks ('Task-0', 'Task-1', 'Task-2', 'Task-3', 'Task-4', …), "), entry
        )

    async def test_who_explains_it_all(self):
        """Tasks that keep others waiting come right after the test's own."""
        lock = asyncio.Lock()

        async def takes():
            async with lock:
                await self.never.wait()

        tasks = [asyncio.create_task(takes(), name=name) for name in ("z, who holds", "b", "c")]
        self.tasks += tasks
        (main, *others) = (await self.start("main", *(f"a{number}" for number in range(25))))[3:]
        lines = list_tasks(main, [*others, *tasks])
        self.assertEqual(
            [entry.partition(", S")[0] for entry in self.entries(lines)],
            [
                "  task 'main', the test's own task",
                "  task 'z, who holds'",
                "  25 tasks ('a0', 'a1', 'a2', 'a3', 'a4', …)",
                "  2 tasks ('b', 'c')",
            ],
        )

    async def test_what_is_known_of_a_lock(self):
        """The holders of a lock are below the chain of a task that waits for it."""
        lock = asyncio.Lock()

        async def takes():
            async with lock:
                await self.never.wait()

        self.tasks = [asyncio.create_task(takes(), name=name) for name in ("first", "second")]
        await asyncio.sleep(0)
        held = [line for line in list_tasks(None, self.tasks) if "held by" in line]
        self.assertEqual(len(held), 1)
        self.assertIn("    the Lock is held by task 'first', acquired at ", held[0])
