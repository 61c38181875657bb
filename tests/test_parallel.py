"""The suite's own runner: in several processes it has the same outcomes as in one."""

import os
import re
import subprocess
import sys
import textwrap
import unittest

from tests.repository.tree import ROOT

SUITE = textwrap.dedent(
    """
    import os
    import sys
    import unittest
    from tests.parallel import ParallelSuite, Unit

    class Outcomes(unittest.TestCase):
        def test_success(self):
            pass

        def test_failure(self):
            self.assertEqual("this", "that")

        def test_error(self):
            raise LookupError("lost")

        @unittest.skip("not today")
        def test_skip(self):
            pass

        @unittest.expectedFailure
        def test_expected_failure(self):
            self.fail()

        @unittest.expectedFailure
        def test_unexpected_success(self):
            pass

        def test_sub_tests(self):
            for number in range(3):
                with self.subTest(number=number):
                    self.assertNotEqual(number, 1)

    class Others(Outcomes):
        __module__ = "others"

    class Broken(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            raise OSError("no database")

        def test(self):
            pass

    class Dying(unittest.TestCase):
        def test(self):
            os._exit(3)

    classes = [globals()[name] for name in sys.argv[2:]]
    load = unittest.defaultTestLoader.loadTestsFromTestCase
    suite = ParallelSuite([Unit(load, each) for each in classes], int(sys.argv[1]))
    result = unittest.TextTestRunner(verbosity=0).run(suite)
    sys.exit(not result.wasSuccessful())
    """
)


@unittest.skipUnless(hasattr(os, "fork"), "there is one process only")
class ParallelSuiteTests(unittest.TestCase):
    def run_suite(self, processes, *classes):
        """The output of a run in a process of its own, as this one has threads and must not be forked."""
        ended = subprocess.run(
            [sys.executable, "-c", SUITE, str(processes), *classes],
            cwd=ROOT, encoding="utf-8", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.assertEqual(ended.returncode, 1, ended.stdout)
        return ended.stdout

    def test_the_outcomes_are_the_same(self):
        """Every outcome is counted, and failures are named with their tracebacks."""
        alone, printed = (self.run_suite(processes, "Outcomes", "Others") for processes in (1, 2))
        totals = "FAILED (failures=4, errors=2, skipped=2, expected failures=2, unexpected successes=2)"
        ran = re.compile(r"^Ran \d+ tests", re.MULTILINE)
        self.assertEqual([each.splitlines()[-1] for each in (alone, printed)], [totals] * 2)
        self.assertEqual(ran.findall(alone), ran.findall(printed))
        self.assertIn("AssertionError: 'this' != 'that'", printed)
        self.assertIn("FAIL: test_failure (others.Others", printed)
        self.assertIn("(number=1)", printed)

    def test_what_fails_outside_of_tests(self):
        """A class whose set-up fails, and a process that dies, are errors."""
        self.assertIn("OSError: no database", self.run_suite(2, "Outcomes", "Broken"))
        self.assertRegex(self.run_suite(2, "Outcomes", "Dying"), r"process \d+ has died")
