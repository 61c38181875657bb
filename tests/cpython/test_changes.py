"""What the library changes in the process is listed, and can be undone completely."""

import subprocess
import sys
import textwrap
import unittest
from types import SimpleNamespace
from unittest import mock

from asynctestkit.cpython import changes
from tests.case_runs import HARD_CAP, ROOT, environment

PRELUDE = """
import asyncio, concurrent.futures, signal, sys, threading, time, unittest, unittest.mock
from asynctestkit import HygienicAsyncTestCase
from asynctestkit.cpython.changes import changes, take_back


def standing():
    \"\"\"Everything that the standard library's modules and their classes have, by name.\"\"\"
    found = {"SIGURG": signal.getsignal(signal.SIGURG)}
    for name, module in sorted(sys.modules.items()):
        if name.partition(".")[0] in sys.stdlib_module_names and not name.startswith("encodings"):
            for key, value in list(vars(module).items()):
                found[name, key] = value
                if isinstance(value, type) and value.__module__.partition(".")[0] in sys.stdlib_module_names:
                    found |= {(value.__module__, value.__qualname__, n): v for n, v in vars(value).items()}
    return found


class Tests(HygienicAsyncTestCase):
    deadline = 60

    async def test(self):
        await asyncio.to_thread(print, end="")
        with unittest.mock.patch("os.getcwd"):
            pass
        with concurrent.futures.ThreadPoolExecutor() as pool:
            pool.submit(int).result()


def run():
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(Tests).run(result)
    assert result.wasSuccessful(), result
"""


class ChangesTests(unittest.TestCase):
    def setUp(self):
        patch = mock.patch.object(changes, "_in_force", {})
        patch.start()
        self.addCleanup(patch.stop)
        self.log = []

    def install(self, name):
        self.log.append(f"install {name}")
        return lambda: self.log.append(f"undo {name}")

    def test_a_change_is_made_once(self):
        """A change is made once, and listed once."""
        for _ in range(2):
            changes.install_once("a", self.install, "a")
        self.assertEqual((self.log, changes.changes()), (["install a"], ["a"]))

    def test_all_is_taken_back(self):
        """Changes are undone latest first, except forgotten ones; then each can be made again."""
        changes.install_once("a", self.install, "a")
        changes.note("b", lambda: self.log.append("undo b"))
        changes.install_once("c", self.install, "c")
        changes.forget("b")
        changes.forget("never")
        changes.take_back()
        self.assertEqual(self.log, ["install a", "install c", "undo c", "undo a"])
        self.assertEqual(changes.changes(), [])
        changes.install_once("a", self.install, "a")
        self.assertEqual(self.log[-1], "install a")

    def test_an_attribute(self):
        """An attribute is restored, unless other code has set it since."""
        owner = SimpleNamespace(name="before")
        undo = changes.replace(owner, "name", "ours")
        self.assertEqual(owner.name, "ours")
        undo()
        self.assertEqual(owner.name, "before")
        undo = changes.replace(owner, "name", "ours")
        owner.name = "theirs"
        undo()
        self.assertEqual(owner.name, "theirs")

    def test_an_attribute_that_was_inherited(self):
        """An attribute that was inherited is inherited again."""

        class Heir(SimpleNamespace):
            pass

        changes.replace(Heir, "__repr__", print)()
        self.assertNotIn("__repr__", vars(Heir))

    def test_a_change_of_several_parts(self):
        """The parts of a change are undone together, the latest first."""
        changes.all_of([self.install("a"), self.install("b")])()
        self.assertEqual(self.log, ["install a", "install b", "undo b", "undo a"])


class ProcessTests(unittest.TestCase):
    def said(self, script):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", PRELUDE + textwrap.dedent(script)],
            cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=HARD_CAP,
        )  # fmt: skip
        self.assertEqual(done.stderr, "")
        return done.stdout.splitlines()

    def test_after_a_test_all_that_differs_is_listed_and_goes_away(self):
        """The list is complete: undoing it restores the library, except for one inert `__new__`."""
        said = self.said("""
            run()  # imports all that a test needs
            take_back()
            before = standing()
            run()
            listed = changes()
            during = standing()
            take_back()
            after = standing()
            for name in during:
                if name in before and before[name] is not after.get(name):
                    print("not taken back:", name)
            while len(sys._current_frames()) > 1:
                time.sleep(0.001)  # waits: the watchdog's thread has been told to end
            print(len(listed), [name for name in during if during[name] is not before.get(name)] != [])
        """)
        self.assertRegex(said[-1], r"^\d+ True$")
        self.assertGreaterEqual(int(said[-1].split()[0]), 8)
        self.assertEqual(said[:-1], ["not taken back: ('concurrent.futures._base', 'Executor', '__new__')"])

    def test_tests_go_on_after_it(self):
        """After everything was undone, the next test installs what it needs; changes by others stay."""
        said = self.said("""
            class Leaks(HygienicAsyncTestCase):
                async def test(self):
                    self.thread = threading.Thread(target=threading.Event().wait, daemon=True)
                    self.thread.start()

            run()
            signal.signal(signal.SIGURG, signal.SIG_IGN)
            take_back()
            print(signal.getsignal(signal.SIGURG) is signal.SIG_IGN)
            result = unittest.TestResult()
            Leaks("test").run(result)
            print("in test" in result.failures[0][1])
        """)
        self.assertEqual(said, ["True", "True"])


if __name__ == "__main__":
    unittest.main()
