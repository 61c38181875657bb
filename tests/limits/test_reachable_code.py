"""Which code a loop may come to call, as far as its sources tell: what modules of running code refer to."""

import asyncio
import importlib.util
import sys
import unittest
from unittest import mock

from asynctestkit import IsolationHelpers
from asynctestkit.limits import reachable_code
from asynctestkit.limits.reachable_code import may_call

WANTED = "".join(("want", "ed"))  # which this file itself does not mention
RUNS = """
import asyncio
async def run():
    await asyncio.sleep(3600)
def act():
    pass
"""
CALLS = f"""
class Calls:
    pass
def call():
    {WANTED}()
"""


class ReachableCodeTests(IsolationHelpers, unittest.TestCase):
    def setUp(self):
        self.loop = asyncio.SelectorEventLoop()
        self.addCleanup(self.loop.close)
        self.folder = self.makeTempDir()
        modules = mock.patch.dict(sys.modules)
        modules.start()
        self.addCleanup(modules.stop)

    def made(self, name, source):
        """A module with that source, as an import would make it."""
        file = self.folder / f"{name}.py"
        file.write_text(source)
        spec = importlib.util.spec_from_file_location(name, file)
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def may_call(self, module):
        """The answer while a task runs the function `run` of that module."""

        async def ask():
            task = asyncio.ensure_future(module.run())
            await asyncio.sleep(0)
            try:
                return may_call(self.loop, [WANTED])
            finally:
                task.cancel()
                await asyncio.wait([task])

        return self.loop.run_until_complete(ask())

    def test_what_runs(self):
        """The code of a task itself; not that of other modules that are loaded."""
        self.made("calls", CALLS)
        self.assertFalse(self.may_call(self.made("runs", RUNS)))
        self.assertTrue(self.may_call(self.made("does_both", RUNS + CALLS)))

    def test_what_its_module_refers_to(self):
        """A module, a function, a class or an object of one, and what is behind another module."""
        calls = self.made("calls", CALLS)
        between = self.made("between", "import calls")
        for thing in (calls, calls.call, calls.Calls, calls.Calls(), between):
            with self.subTest(thing):
                runs = self.made("runs", RUNS)
                runs.thing = thing
                self.assertTrue(self.may_call(runs))

    def test_what_a_timer_calls(self):
        """A function, in a partial or as a method, counts like a task's code; one in C has no module."""
        both = self.made("does_both", RUNS + CALLS)
        for callback, expected in ((both.act, True), (self.made("runs", RUNS).act, False), (print, False)):
            with self.subTest(callback):
                timer = self.loop.call_later(3600, callback)
                self.assertEqual(may_call(self.loop, [WANTED]), expected)
                timer.cancel()

    def test_code_without_a_source(self):
        """It may call anything; the standard library's does not count."""
        names = {"asyncio": asyncio}
        exec(RUNS, names)
        self.assertTrue(self.may_call(mock.Mock(run=names["run"])))
        self.assertFalse(self.may_call(mock.Mock(run=lambda: asyncio.wait_for(asyncio.sleep(3600), 1))))

    def test_too_many_modules(self):
        """A search that does not end soon is given up."""
        with mock.patch.object(reachable_code, "_MOST_MODULES", 0):
            self.assertTrue(self.may_call(self.made("runs", RUNS)))

    def test_hostile_names(self):
        """Objects whose classes answer for their module in their own way are not asked."""

        class Meta(type):
            @property
            def __module__(cls):
                raise RuntimeError("ask nothing")

        runs = self.made("runs", RUNS)
        runs.cls = Meta("Made", (), {"__module__": 1})
        runs.thing = runs.cls()
        self.assertFalse(self.may_call(runs))
