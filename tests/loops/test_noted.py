"""Notes on tasks: a task that only they lead to can never wake; one that other collections lead to can."""

import asyncio
import weakref

from asynctestkit.loops.noted import NotedAwaits, NotedTasks
from tests.limits.test_stranded import StrandedTestCase

_kept = []


class NotedTests(StrandedTestCase):
    clock = "virtual"

    def is_proved(self, note):
        async def test(self):
            self.clock.limit = 100
            self.start()
            _kept.append(note(asyncio.current_task()))
            await asyncio.wait_for(asyncio.shield(asyncio.Event().wait()), None)

        self.addCleanup(_kept.clear)
        return "nothing that still runs refers to what it waits for" in self.run_body(test).text()

    def test_a_note(self):
        self.assertTrue(self.is_proved(lambda task: NotedTasks([task])))
        self.assertTrue(self.is_proved(lambda task: NotedAwaits({task: None})))

    def test_another_collection(self):
        self.assertFalse(self.is_proved(lambda task: weakref.WeakSet([task])))
        self.assertFalse(self.is_proved(lambda task: {task: None}))
