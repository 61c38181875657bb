"""Which names the code on a loop may come to use: its own, and those of what it may call."""

import asyncio
import functools
import importlib.util
import sys
import unittest
from unittest import mock

from asynctestkit import IsolationHelpers
from asynctestkit.limits import reachable_code
from asynctestkit.limits.reachable_code import may_use

RUNS = """
import asyncio, functools
async def run(call=None):
    await asyncio.sleep(3600)
    CALLED
class Runner:
    async def run(self):
        await asyncio.sleep(3600)
def idle():
    pass
"""
USES = """
import asyncio, contextlib, functools
def use():
    asyncio.wanted()
def uses_within():
    return lambda: asyncio.wanted()
def defines_within():
    def inner():
        asyncio.wanted()
    return inner
def chain():
    use()
@contextlib.contextmanager
def context():
    use()
    yield
@functools.lru_cache
def cached():
    use()
class Uses:
    def method(self):
        use()
    @property
    def attribute(self):
        return use()
    @staticmethod
    def static():
        use()
    class Inner:
        @classmethod
        def deeper(cls):
            use()
class Initialized:
    def __init__(self):
        use()
class Protocol(asyncio.Protocol):
    def data_received(self, data):
        use()
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
        exec(compile(source, file, "exec"), vars(module))  # not from a file compiled before
        return module

    def may_use(self, run):
        """The answer while a task runs that function, and nothing else."""
        task = self.loop.create_task(run())
        self.loop.call_soon(self.loop.stop)
        self.loop.run_forever()
        try:
            return may_use(self.loop, ["wanted"])
        finally:
            task.cancel()
            self.loop.run_until_complete(asyncio.wait([task]))

    def calling(self, called, **names):
        """The answer for a module that uses another one in that line."""
        runs = self.made("runs", RUNS.replace("CALLED", called))
        vars(runs).update(names)
        return self.may_use(runs.run)

    def test_what_it_calls(self):
        """A function of another module, by its name, by another, or as a method, also through others."""
        uses = self.made("uses", USES)
        for called in (
            *("uses.use()", "uses.chain()", "uses.uses_within()", "uses.context()", "uses.cached()"),
            "uses.defines_within()()",
            *("call.method()", "call.attribute", "call.static()", "call.deeper", "asyncio.wanted"),
        ):
            with self.subTest(called):
                self.assertTrue(self.calling(called, uses=self.without_roots(uses)))
        self.assertTrue(self.calling("renamed()", renamed=uses.use))
        self.assertTrue(self.calling("partial()", partial=functools.partial(uses.use)))

    def without_roots(self, module):
        """The module without what counts as called in any case."""
        for name in ("Initialized", "Protocol"):
            vars(module).pop(name, None)
        return module

    def test_what_it_does_not_call(self):
        """Functions that nobody mentions, in its own module or another; modules that it does not refer to."""
        uses = self.without_roots(self.made("uses", USES))
        self.assertFalse(self.calling("call.other()", uses=uses, instance=uses.Uses()))
        self.assertFalse(self.calling("call.method()"))
        self.assertTrue(self.calling("call.method()", instance=uses.Uses()))
        both = self.without_roots(self.made("both", RUNS.replace("CALLED", "idle()") + USES))
        self.assertFalse(self.may_use(both.Runner().run))

    def test_what_others_call(self):
        """Special methods, and those of protocols, count as called."""
        for name in ("Initialized", "Protocol"):
            uses = self.made("uses", USES)
            self.assertTrue(self.calling("pass", kept=getattr(uses, name)))

    def test_a_module_between(self):
        """A module that is reached through another one."""
        self.without_roots(self.made("uses", USES))
        between = self.made("between", "import uses")
        self.assertTrue(self.calling("call.method()", between=between))

    def test_what_a_timer_calls(self):
        """A function or a method counts like a task's code; one in C calls nothing."""
        uses = self.without_roots(self.made("uses", USES))
        idle = self.made("runs", RUNS.replace("CALLED", "pass")).idle
        for callback, expected in (
            (uses.use, True),
            (uses.Uses().method, True),
            (idle, False),
            (print, False),
        ):
            with self.subTest(callback):
                timer = self.loop.call_later(3600, callback)
                self.assertEqual(may_use(self.loop, ["wanted"]), expected)
                timer.cancel()

    def test_the_standard_library(self):
        """Its own code does not count, nor what is imported from it."""

        async def wait():
            await asyncio.wait_for(asyncio.sleep(3600), 3600)

        self.assertFalse(self.may_use(functools.partial(asyncio.sleep, 3600)))
        self.assertFalse(may_use(self.loop, ["all_tasks"]))
        runs = self.made("runs", RUNS.replace("CALLED", "cancel()"))
        runs.cancel = asyncio.runners._cancel_all_tasks
        self.assertFalse(self.may_use(runs.run))

    def test_too_many_modules(self):
        """A search that does not end soon is given up."""
        self.without_roots(self.made("uses", USES))
        between = self.made("between", "import uses")
        with mock.patch.object(reachable_code, "_MOST_MODULES", 1):
            self.assertTrue(self.calling("pass", between=between))

    def test_classes_that_answer_in_their_own_way(self):
        """Neither they nor their metaclasses are asked for their module or their attributes."""

        class Meta(type):
            @property
            def __module__(cls):
                raise RuntimeError("ask nothing")

            __dict__ = __module__

        def wraps_itself():
            pass

        wraps_itself.__wrapped__ = wraps_itself
        made = Meta("Made", (), {"__module__": 1, "wraps": wraps_itself})
        self.assertFalse(self.calling("pass", cls=made, instance=made()))
