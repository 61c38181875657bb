"""Names that are imported when they are first asked for."""

import subprocess
import sys
import unittest

import asynctestkit
from tests.case_runs import ROOT


def printed_by(program):
    """What a fresh interpreter prints."""
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    if finished.returncode:
        raise AssertionError(finished.stderr)
    return finished.stdout.splitlines()


class LazyNamesTests(unittest.TestCase):
    def test_a_name_loads_what_it_needs(self):
        """Importing the package loads no test case; a mixin loads itself and not the test case."""
        lines = printed_by(
            "import sys, asynctestkit\n"
            "names = 'asynctestkit.assertions.timing', 'asynctestkit.case'\n"
            "def loaded(): print(*[name in sys.modules for name in names])\n"
            "loaded()\n"
            "asynctestkit.TimeAssertions\n"
            "loaded()\n"
            "from asynctestkit import HygienicAsyncTestCase\n"
            "loaded()\n"
        )
        self.assertEqual(lines, ["False False", "True False", "True True"])

    def test_all_names_are_shown_and_are_there(self):
        """`dir()` shows each public name before it was loaded; `import *` has them all."""
        (line,) = printed_by(
            "import asynctestkit as package\n"
            "shown = set(package.__all__) <= set(dir(package))\n"
            "from asynctestkit import *\n"
            "print(shown, all(globals()[name] is getattr(package, name) for name in package.__all__))\n"
        )
        self.assertEqual(line, "True True")

    def test_modules_are_attributes(self):
        """A module of the package needs no import of its own."""
        lines = printed_by("import asynctestkit\nprint(asynctestkit.mocks.session.__name__)")
        self.assertEqual(lines, ["session"])

    def test_an_allowance_alone(self):
        """An Allowance knows the built-in kinds, though nothing else has loaded them."""
        (line,) = printed_by(
            "from asynctestkit import Allowance\n"
            "try: Allowance('tsk', reason='flushed at exit')\n"
            "except ValueError as error: print(error)\n"
        )
        self.assertEqual(line, "unknown kind of leak 'tsk'; did you mean 'task'?")

    def test_a_wrong_name(self):
        """A name that does not exist is an AttributeError that knows where; private ones are not searched."""
        for name in ("HygenicAsyncTestCase", "__main__", "__path_hooks__"):
            with self.subTest(name), self.assertRaises(AttributeError) as caught:
                getattr(asynctestkit, name)
            error = caught.exception
            self.assertEqual(str(error), f"module 'asynctestkit' has no attribute {name!r}")
            self.assertEqual((error.name, error.obj), (name, asynctestkit))

    def test_originals_are_of_the_time_of_import(self):
        """What a test has replaced before it asks for the first name is not taken for the original."""
        lines = printed_by(
            "import asynctestkit, time\n"
            "time.monotonic = None\n"
            "asynctestkit.HygienicAsyncTestCase\n"
            "from asynctestkit.cpython import originals\n"
            "print(originals.time.monotonic is None)\n"
        )
        self.assertEqual(lines, ["False"])
