"""The faults that a verdict reports besides leaks, from values written by hand."""

import types
import unittest

from asynctestkit import Allowance, BlockedLoopError, UnnamedTaskError
from asynctestkit.lifecycle.faults import detector_failure, other_faults, stale_allowance
from asynctestkit.lifecycle.task_names import UnnamedTask
from asynctestkit.limits.blocking import Block


class OtherFaultsTests(unittest.TestCase):
    def faults(self, tasks=(), blocks=()):
        names = types.SimpleNamespace(unnamed=lambda: list(tasks))
        return other_faults("Feed.test", names, types.SimpleNamespace(blocks=list(blocks)), 0.1)

    def test_nothing(self):
        """There are no faults if none was found, or if nothing was watched."""
        self.assertEqual(self.faults(), {})
        self.assertEqual(other_faults("Feed.test", None, None, None), {})

    def test_both(self):
        """Each fault has its exception type and its report, those of tasks first."""
        found = self.faults([UnnamedTask("Task-7", "poll", "test", ())], [Block(0.3, 0.3, "test", "")])
        self.assertEqual([*found], [UnnamedTaskError, BlockedLoopError])
        self.assertIn("requires task names, but started a task without", found[UnnamedTaskError])
        self.assertIn("blocked its loop once (blocking_threshold = 0.1)", found[BlockedLoopError])


class StaleAllowanceTests(unittest.TestCase):
    def test_the_first_that_is_required_and_was_not_used(self):
        """The first unused required allowance is named with its reason; optional and used ones are not."""
        used, loose, stale = (Allowance("task", name=name, reason=f"for {name}") for name in ("a", "b", "c"))
        required = {used: True, loose: False, stale: True}
        text = stale_allowance("Feed.test", required, {used})
        self.assertRegex(text, r"^Feed\.test: no leak matched .*'c'.* \(reason: for c\)\. If the leak is")
        self.assertEqual(stale_allowance("Feed.test", required, {used, stale}), "")


class DetectorFailureTests(unittest.TestCase):
    def failure(self, report):
        def examine():
            raise LookupError("lost")

        try:
            examine()
        except LookupError as error:
            return detector_failure(error, report)

    def test_its_own_lines(self):
        """The traceback begins with the detector's code."""
        self.assertEqual(self.failure("").__traceback__.tb_frame.f_code.co_name, "examine")
        self.assertIsNone(detector_failure(LookupError("never raised"), "").__traceback__)

    def test_what_else_was_found(self):
        """A report on leaks is added as a note; without one, nothing is added."""
        self.assertEqual(getattr(self.failure(""), "__notes__", []), [])
        self.assertEqual(self.failure("1 thing left behind").__notes__, ["1 thing left behind"])
