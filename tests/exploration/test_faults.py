"""The scripted calls of a run, their names, and which of them fail."""

import asyncio
import unittest
from types import SimpleNamespace

from asynctestkit.exploration.deviations import Fault
from asynctestkit.exploration.faults import Faults
from asynctestkit.exploration.loop import ExploredLoop
from asynctestkit.mocks.faults import connection_lost
from tests.case_runs import lines_of


class Call:
    """An object of a mock."""

    def __init__(self, faults, name="get"):
        self.faults, self.name = faults, name

    def use(self, errors=connection_lost):
        return self.faults.use(self, self.name, errors)


class FaultsTests(unittest.IsolatedAsyncioTestCase):
    def faults(self, *schedule):
        self.steps = SimpleNamespace(is_watching=True, applied=[], walker=lambda task: None)
        return Faults(schedule, self.steps)

    async def test_names_and_uses(self):
        """The second mock of a name gets a number; each counts its own uses."""
        faults = self.faults()
        one, other = Call(faults), Call(faults)
        for each in (one, other, Call(faults, "post"), one):
            self.assertIsNone(each.use())
        self.assertEqual(
            faults.possible, [Fault("get", 1), Fault("get#2", 1), Fault("post", 1), Fault("get", 2)]
        )

    async def test_an_address_that_is_used_again(self):
        """A new object at the address of a destroyed mock is a different one."""
        faults = self.faults()
        for _ in range(3):
            Call(faults).use()
        self.assertEqual([each.call for each in faults.possible], ["get", "get#2", "get#3"])

    async def test_ways_to_fail(self):
        """Each way to fail is a separate fault; the first needs no name."""
        faults = self.faults(Fault("get", 1, "TimeoutError"), Fault("get", 2), Fault("get", 3, "KeyError"))
        call, kept = Call(faults), ValueError("kept")

        def errors():
            return kept, TimeoutError

        self.assertIsInstance(call.use(errors), TimeoutError)
        self.assertIs(call.use(errors), kept)
        self.assertIsNone(call.use(errors))
        self.assertEqual(faults.possible[:2], [Fault("get", 1), Fault("get", 1, "TimeoutError")])
        self.assertEqual([each.error for each in self.steps.applied], ["TimeoutError", "ValueError"])
        self.assertEqual([type(each.error) for each in faults.raised], [TimeoutError, ValueError])

    async def test_where_it_was(self):
        """A fault has the user's line, and the functions that the call was made in."""
        faults = self.faults(Fault("get", 1))
        self.assertIsNotNone(Call(faults).use())
        (applied,), (raised,) = self.steps.applied, faults.raised
        self.assertEqual(applied.chain.places[-1].line, lines_of(Call, "self.faults.use(")[0])
        self.assertIsNone(applied.key)
        self.assertLessEqual({Call.use.__code__, self.test_where_it_was.__code__}, raised.through)

    async def test_in_which_step(self):
        """The step is that of the calling task; a plain callback has none, and no line of a caller."""
        loop = ExploredLoop(())
        self.addCleanup(loop.close)
        faults = loop.asynctestkit_faults = Faults((Fault("get", 1), Fault("get#2", 1)), loop.steps)

        async def body():
            await asyncio.create_task(self.call(faults), name="caller")
            asyncio.get_running_loop().call_soon(faults.use, faults, "get", connection_lost)
            await asyncio.sleep(0)

        await asyncio.to_thread(loop.run_until_complete, body())
        self.assertEqual([each.key for each in loop.steps.applied], [("caller", 1), None])
        self.assertEqual(loop.steps.applied[1].chain.places, ())

    async def call(self, faults):
        Call(faults).use()

    async def test_a_method_of_a_mock(self):
        """It is named after its mock, whichever of the mocks' methods is called first, and counted apart."""
        faults = self.faults(Fault("context#2.leave", 2))
        first, second = Call(faults), Call(faults)
        for each in (first, second):
            faults.use(each, "context", connection_lost)
        self.assertIsNone(faults.use(second, "context", connection_lost, "leave"))
        self.assertIsNone(faults.use(first, "context", connection_lost, "leave"))
        self.assertIsInstance(faults.use(second, "context", connection_lost, "leave"), ConnectionError)
        self.assertEqual(
            [str(each) for each in faults.possible[2:]],
            ["fault:context#2.leave@1", "fault:context.leave@1", "fault:context#2.leave@2"],
        )

    async def test_after_the_test(self):
        """Calls by the sweep and later cleanups are not counted."""
        faults = self.faults(Fault("get", 1))
        self.steps.is_watching = False
        self.assertIsNone(Call(faults).use())
        self.assertEqual(faults.possible, [])
