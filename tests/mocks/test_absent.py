import inspect
import unittest

from asynctestkit import HygienicAsyncTestCase
from asynctestkit.mocks import response
from asynctestkit.mocks.absent import ABSENT


class AbsentTests(unittest.TestCase):
    def test_signatures_show_no_address(self):
        """The signatures in `help()` are the same in every run, as these defaults show no address."""
        case = HygienicAsyncTestCase
        for function in (response, case.patchAsync, case.assertConsumersStop):
            with self.subTest(function.__name__):
                shown = str(inspect.signature(function))
                self.assertIn("= <absent>", shown)
                self.assertNotIn(" at 0x", shown)

    def test_it_is_none_of_the_values_that_may_be_given(self):
        """It differs from None and from every value that may be given."""
        self.assertNotIn(ABSENT, (None, ..., "", 0))
