"""Threads are judged by what they do, whatever their classes answer, and when their owner is known."""

import asyncio
import contextlib
import functools
import itertools
import os
import sys
import threading
import types
import unittest

from asynctestkit import ThreadLeaks
from asynctestkit.leaks.owner import Owner
from tests.leaks.contract import run_body
from tests.leaks.kinds.test_threads import Stoppable


class Odd(threading.Thread):
    def is_alive(self):
        raise LookupError("asked a thread whether it is alive")

    def __getattr__(self, name):
        raise LookupError(f"asked a thread for its {name}")


class Forever(threading.Thread):
    def is_alive(self):
        return True


KEPT = []
LOCAL = threading.local()


class Service:
    """Keeps its threads on the class, or runs one of its own."""

    @classmethod
    def keep(cls, thread):
        cls.threads = [*getattr(cls, "threads", ()), thread]

    def run(self):
        self.stop.wait()


class OddThreadTests(unittest.TestCase):
    def test_one_that_has_ended(self):
        """Whatever it says, it is not running."""
        for cls in (Odd, Forever):

            async def test(case, cls=cls):
                case.thread = cls(target=int)
                case.thread.start()
                case.thread.join()
                case.task = asyncio.create_task(asyncio.sleep(0.001))  # waits: the sweep does

            self.assertEqual(run_body(test).complaints, [])

    def test_one_that_ends_soon(self):
        """It is waited for like any other."""

        async def test(case):
            case.thread = Odd(target=threading.Event().wait, args=(0.05,))
            case.thread.start()

        self.assertEqual(run_body(test).complaints, [])


class EndedThreadTests(unittest.TestCase):
    def test_one_that_ends_while_its_owner_is_searched_for(self):
        """It is no leak, though it was running when it was examined; the process's is none in any case."""
        stop = threading.Event()
        thread = threading.Thread(target=stop.wait, daemon=True)
        thread.start()
        self.addCleanup(stop.set)
        detector, owners = ThreadLeaks(), (Owner.NOBODY, Owner.TEST, Owner.PROCESS)
        self.assertEqual([detector.is_leak_of(each, thread) for each in owners], [True, True, False])
        stop.set()
        thread.join()
        self.assertEqual([detector.is_leak_of(each, thread) for each in owners], [False, False, False])


class OwnerTests(Stoppable):
    """Which owner a thread has."""

    def package(self, source):
        """An installed module."""
        module = types.ModuleType("installed_package")
        module.__file__ = f"{os.sep}lib{os.sep}site-packages{os.sep}installed_package.py"
        sys.modules[module.__name__] = module
        self.addCleanup(sys.modules.pop, module.__name__)
        exec(compile(source, module.__file__, "exec"), vars(module))
        return module

    def found(self, body):
        outcome = run_body(body)
        self.assertEqual([outcome.errors, outcome.leak_warnings], [[], []])
        return [leak.name for leak in outcome.leaks]

    def test_a_daemon_of_a_package(self):
        """A daemon that an installed package has started is the package's; another thread is reported."""
        module = self.package(
            "import threading\n"
            "def start(target, name, daemon):\n"
            "    threading.Thread(target=target, name=name, daemon=daemon).start()\n"
        )

        def test(case):
            module.start(self.stop.wait, "helper", True)
            module.start(self.stop.wait, "worker", False)

        self.assertEqual(self.found(test), ["worker"])

    def test_a_daemon_of_compiled_code(self):
        """For compiled code, which has no frame, the function that the thread runs decides."""
        self.package("")
        stop = self.stop

        class Compiled:
            __module__ = "installed_package"

            def __call__(self):
                stop.wait()

        class Own(Compiled):
            __module__ = __name__

        def test(case):
            threading.Thread(target=Compiled(), name="helper", daemon=True).start()
            threading.Thread(target=Own(), name="own", daemon=True).start()

        self.assertEqual(self.found(test), ["own"])

    def test_one_that_a_module_or_class_keeps(self):
        """A thread that a module or class keeps may outlive the test, as a daemon or not."""

        def test(case):
            for keep, daemon in itertools.product((KEPT.append, Service.keep), (True, False)):
                thread = threading.Thread(target=self.stop.wait, daemon=daemon)
                thread.start()
                keep(thread)

        self.addCleanup(KEPT.clear)
        self.addCleanup(delattr, Service, "threads")
        self.assertEqual(self.found(test), [])

    def keepers(self, target):
        """The names of the reported ones of three threads, by what keeps the object that has each."""

        def test(case):
            for name, keep in (
                ("module", KEPT.append),
                ("test", functools.partial(setattr, case, "it")),
                ("nothing", len),
            ):
                it = Service()
                it.stop = self.stop
                it.thread = threading.Thread(target=target(it), name=name)
                it.thread.start()
                keep([it])

        self.addCleanup(KEPT.clear)
        outcome = run_body(test)
        return sorted(leak.name for leak in outcome.leaks)

    def test_one_that_runs_a_method_of_its_keeper(self):
        """Who has the keeper decides, though the interpreter has the method as well."""
        self.assertEqual(self.keepers(lambda it: it.run), ["nothing", "test"])

    def test_one_of_a_thread_local(self):
        """A thread in a module's `threading.local` is kept by the module."""

        def test(case):
            for daemon in (True, False):
                thread = threading.Thread(target=self.stop.wait, daemon=daemon)
                thread.start()
                setattr(LOCAL, f"thread_{daemon}", thread)

        self.addCleanup(vars(LOCAL).clear)
        self.assertEqual(self.found(test), [])

    def test_one_that_has_entered_its_keeper(self):
        """What the interpreter holds for a thread's own `with` or `for` is not somebody who keeps it."""

        def enter(it):
            def run():
                with contextlib.ExitStack() as stack:
                    stack.callback(it.run)
                    it.run()

            return run

        self.assertEqual(self.keepers(enter), ["nothing", "test"])

    def test_one_that_calls_its_keeper_indirectly(self):
        """If the module has the keeper, it is no leak."""
        for target in (lambda it: functools.partial(it.run), lambda it: lambda: it.run()):
            self.assertNotIn("module", self.keepers(target))

    def test_one_of_a_module_that_is_imported(self):
        """A thread that a module starts on import is the module's, as a daemon or not."""
        source = (
            "import threading\n"
            "threading.Thread(target=WAIT, daemon=True).start()\n"
            "threading.Thread(target=WAIT).start()"
        )

        def test(case):
            exec(compile(source, "module.py", "exec"), {"WAIT": self.stop.wait, "__name__": "module"})

        self.assertEqual(self.found(test), [])


if __name__ == "__main__":
    unittest.main()
