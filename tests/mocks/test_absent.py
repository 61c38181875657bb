import inspect
import unittest

from asynctestkit import HygienicAsyncTestCase
from asynctestkit.mocks import response
from asynctestkit.mocks.absent import ABSENT


class AbsentTests(unittest.TestCase):
    def test_signatures_show_no_address(self):
        """What a reader of `help()` sees of these defaults is the same in every run."""
        case = HygienicAsyncTestCase
        for function in (response, case.patchAsync, case.assertConsumersStop):
            with self.subTest(function.__name__):
                shown = str(inspect.signature(function))
                self.assertIn("= <absent>", shown)
                self.assertNotIn(" at 0x", shown)

    def test_it_is_none_of_the_values_that_may_be_given(self):
        """Neither None nor anything that is equal to it."""
        self.assertNotIn(ABSENT, (None, ..., "", 0))
