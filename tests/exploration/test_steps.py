"""The order of steps: what a schedule requests, as far as it is legal."""

import asyncio
import unittest

from asynctestkit.exploration.deviations import schedule_from
from asynctestkit.exploration.loop import ExploredLoop


class StepQueueTests(unittest.TestCase):
    def run_as(self, schedule, body, choose=None):
        """Runs `body(log)` as scheduled; returns the log."""
        loop, log = ExploredLoop(schedule_from(schedule)), []
        self.addCleanup(loop.close)
        self.steps = loop.steps
        loop.steps.choose = choose
        loop.run_until_complete(asyncio.wait_for(body(log), 60))
        return log

    @staticmethod
    async def three(log):
        async def say(name):
            log.append(name)

        tasks = [asyncio.create_task(say(name), name=name) for name in "abc"]
        await asyncio.gather(*tasks)

    def test_a_held_step_waits_for_the_others(self):
        """Ready steps go before a held one; two that are held keep their order."""
        self.assertEqual(self.run_as("", self.three), ["a", "b", "c"])
        self.assertEqual(self.run_as("hold:a@1", self.three), ["b", "c", "a"])
        self.assertEqual(self.run_as("hold:b@1", self.three), ["a", "c", "b"])
        self.assertEqual(self.run_as("hold:a@1,hold:b@1", self.three), ["c", "a", "b"])
        self.assertEqual(self.run_as("hold:a@1,hold:b@1,hold:c@1", self.three), ["a", "b", "c"])

    def test_a_hold_may_end_with_a_step_of_another(self):
        """A step that is held until another was taken runs right after it."""
        self.assertEqual(self.run_as("hold:a@1>b@1", self.three), ["b", "a", "c"])
        self.assertEqual(self.run_as("hold:a@1>b@1,hold:b@1>c@1", self.three), ["c", "b", "a"])

    def test_what_came_to_pass_is_known(self):
        """A hold that nothing overtook, or whose step never came, is recorded as without effect."""
        self.run_as("hold:a@1,hold:c@1,hold:d@1,cancel:a@9", self.three)
        self.assertEqual([str(each.deviation) for each in self.steps.applied], ["hold:a@1"])

    def test_steps_that_could_be_overtaken_are_known(self):
        """Steps are recorded behind which another step was ready when they were taken."""
        self.run_as("", self.three)
        self.assertEqual([key for key in self.steps.crossroads if key[0] in "abc"], [("a", 1), ("b", 1)])

    def test_a_plain_callback_keeps_its_place(self):
        """A step that came before a plain callback runs before it, and one that came after runs after it."""

        async def body(log):
            async def say(name):
                log.append(name)

            loop = asyncio.get_running_loop()
            one = asyncio.create_task(say("a"), name="a")
            loop.call_soon(log.append, "callback")
            two = asyncio.create_task(say("b"), name="b")
            await asyncio.wait({one, two})

        self.assertEqual(self.run_as("hold:a@1", body), ["a", "callback", "b"])

    def test_a_timer_that_is_due_is_not_overtaken(self):
        """A timer due at once is a callback of the next turn, after the steps of this one."""

        async def body(log):
            loop = asyncio.get_running_loop()
            second = loop.create_future()

            async def first():
                log.append("a")

            async def other():
                log.append("b")
                loop.call_at(loop.time(), log.append, "timer")
                second.set_result(None)

            async def last():
                await second
                log.append("c")

            tasks = {asyncio.create_task(last(), name="c")}
            await asyncio.sleep(0)
            tasks |= {asyncio.create_task(first(), name="a"), asyncio.create_task(other(), name="b")}
            await asyncio.wait(tasks)
            await asyncio.sleep(0)

        self.assertEqual(self.run_as("", body), ["a", "b", "c", "timer"])
        self.assertEqual(self.run_as("hold:a@1,hold:c@2", body), ["b", "a", "c", "timer"])
        self.assertEqual(self.run_as("hold:a@1", body), ["b", "c", "a", "timer"])

    def test_the_tests_own_sleep_0_is_not_overtaken(self):
        """A test's own `sleep(0)` is not overtaken: a task it has started has run, in every schedule."""

        async def body(log):
            async def say():
                log.append("started")

            task = asyncio.create_task(say(), name="a")
            await asyncio.sleep(0)
            log.append("looked")
            await task

        loop, log = ExploredLoop(schedule_from("hold:a@1,hold:test@2")), []
        self.addCleanup(loop.close)
        loop.run_until_complete(body(log))
        self.assertEqual(log, ["started", "looked"])

    def test_a_spinning_task_does_not_wait_for_ever(self):
        """A task that yields until something has happened overtakes a given step only once."""

        async def body(log):
            async def act():
                log.append("done")

            async def spin():
                for _ in range(5):
                    if log:
                        return
                    await asyncio.sleep(0)
                log.append("gave up")

            one = asyncio.create_task(act(), name="a")
            await asyncio.wait({one, asyncio.create_task(spin(), name="b")})

        self.assertEqual(self.run_as("hold:a@1", body), ["done"])

    def test_one_that_has_more_to_do_goes_before_a_spinning_task(self):
        """A spinning task that may not overtake any more does not keep those behind it from doing so."""

        async def body(log):
            woken = asyncio.get_running_loop().create_future()

            async def wait():
                await woken
                log.append("c")

            async def act():
                log.append("a")

            async def wake():
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                woken.set_result(None)

            async def spin():
                started = asyncio.create_task(wake())
                while "a" not in log:
                    await asyncio.sleep(0)
                await started

            tasks = {asyncio.create_task(wait(), name="c")}
            await asyncio.sleep(0)
            tasks |= {asyncio.create_task(act(), name="a"), asyncio.create_task(spin(), name="b")}
            await asyncio.wait(tasks)

        self.assertEqual(self.run_as("hold:a@1", body), ["c", "a"])

    def test_a_hold_ends_though_the_others_go_on_for_ever(self):
        """Two tasks that wake each other without end do not delay a held third one for ever."""

        async def body(log):
            ping, pong, over = asyncio.Queue(), asyncio.Queue(), []

            async def act():
                over.append(True)
                log.append("done")

            async def play(mine, other):
                while not over:
                    other.put_nowait(None)
                    await mine.get()
                other.put_nowait(None)

            one = asyncio.create_task(act(), name="a")
            rest = {asyncio.create_task(play(ping, pong)), asyncio.create_task(play(pong, ping))}
            await asyncio.wait({one, *rest})

        self.assertEqual(self.run_as("hold:a@1", body), ["done"])

    def test_a_choice_of_ones_own(self):
        """`choose` is called if at least two steps may run, and returns the index of the one that runs."""
        self.assertEqual(self.run_as("", self.three, lambda able, waiting: able[-1]), ["c", "b", "a"])


class CancellationTests(unittest.TestCase):
    clock = "virtual"

    def run_as(self, schedule):
        loop, log = ExploredLoop(schedule_from(schedule)), []
        self.addCleanup(loop.close)

        async def work():
            log.append("began")
            try:
                await asyncio.sleep(1)
                log.append("woke")
            except asyncio.CancelledError:
                log.append(f"cancelled after {loop.clock.elapsed:g} s")
                raise

        async def body():
            await asyncio.wait({asyncio.create_task(work(), name="w")})

        loop.run_until_complete(body())
        self.applied = loop.steps.applied
        return log

    def test_the_moments(self):
        """A task is cancelled before its first step, while it waits, or just before it goes on."""
        self.assertEqual(self.run_as(""), ["began", "woke"])
        self.assertEqual(self.run_as("cancel:w@1"), [])
        self.assertEqual(self.run_as("cancel:w@1+"), ["began", "cancelled after 0 s"])
        self.assertEqual(self.run_as("cancel:w@2"), ["began", "cancelled after 1 s"])

    def test_the_place_is_known(self):
        """The place where the task stood when it was cancelled is recorded."""
        self.run_as("cancel:w@1+")
        self.assertEqual([place.function for place in self.applied[0].chain.places], ["work", "sleep"])

    def test_a_task_that_has_ended_is_not_cancelled(self):
        """A task is not cancelled after its last step."""
        self.assertEqual(self.run_as("cancel:w@2+"), ["began", "woke"])
        self.assertEqual(self.applied, [])
