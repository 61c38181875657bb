"""Assertions of silence list every warning and record of a block, of any thread and logger."""

import logging
import threading
import unittest
import warnings

from asynctestkit.assertions.logs import LogAssertions
from tests.assertions.clock import normalised


def in_thread(function, *arguments):
    thread = threading.Thread(target=function, args=arguments)
    thread.start()
    thread.join()


class LogsTestCase(LogAssertions, unittest.TestCase):
    maxDiff = None

    def fails(self, context, function, *arguments):
        with self.assertRaises(AssertionError) as caught:
            with context:
                function(*arguments)
        return normalised(str(caught.exception))


class NoWarningsTests(LogsTestCase):
    REMEDY = "remedy: fix what the warning is about, or expect it with assertWarns(…)"

    def test_silence(self):
        """A silent block passes, and filters and hooks stay as they were."""
        before = warnings.filters[:], warnings.showwarning
        with self.assertNoWarnings():
            pass
        self.assertEqual((warnings.filters[:], warnings.showwarning), before)

    def test_warnings_are_listed(self):
        """Warnings are listed with their category, text and line."""

        def warns():
            warnings.warn("old", DeprecationWarning, stacklevel=1)
            warnings.warn("odd", stacklevel=1)

        self.assertEqual(
            self.fails(self.assertNoWarnings(msg="why"), warns),
            "2 warnings issued, where there should be none:\n"
            "  DeprecationWarning: old  (test_logs.py:N)\n"
            f"  UserWarning: odd  (test_logs.py:N)\n{self.REMEDY} : why",
        )

    def test_whatever_the_filters_say(self):
        """Warnings count every time: ignored, shown before, or raised under `-W error`."""
        for action in ("ignore", "error", "once", "default"):
            with warnings.catch_warnings():
                warnings.simplefilter(action)
                for _ in range(2):
                    text = self.fails(self.assertNoWarnings(), warnings.warn, "odd")
                    self.assertIn("1 warning issued, where there should be none:\n  UserWarning: odd", text)

    def test_other_categories(self):
        """Other categories are shown or raised as usual; each category of a tuple counts."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            with self.assertNoWarnings(ResourceWarning):
                warnings.warn("odd", stacklevel=1)
            self.assertEqual([str(each.message) for each in caught], ["odd"])
            self.fails(self.assertNoWarnings((ResourceWarning, UserWarning)), warnings.warn, "odd")
            self.assertEqual(len(caught), 1)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with self.assertRaises(UserWarning):
                with self.assertNoWarnings(ResourceWarning):
                    warnings.warn("odd", stacklevel=1)

    def test_other_threads(self):
        """A warning issued in another thread counts."""
        self.assertIn(
            "UserWarning: odd", self.fails(self.assertNoWarnings(), in_thread, warnings.warn, "odd")
        )

    def test_the_blocks_own_exception(self):
        """The block's own exception is not masked."""

        def warns_and_fails():
            warnings.warn("odd", stacklevel=1)
            raise OSError

        with self.assertRaises(OSError), self.assertNoWarnings():
            warns_and_fails()

    def test_long_lists_are_cut(self):
        """Twenty are shown, the others are counted."""
        text = self.fails(
            self.assertNoWarnings(), lambda: [warnings.warn("odd", stacklevel=1) for _ in range(25)]
        )
        self.assertEqual(text.count("odd"), 20)
        self.assertIn("\n  … and 5 more\nremedy", text)

    def test_wrong_arguments(self):
        """An argument that is no warning class is rejected."""
        for wrong in (ValueError, "x", (UserWarning, int)):
            with self.assertRaisesRegex(TypeError, "takes a class of warnings"):
                self.assertNoWarnings(wrong)


class LogsNothingTests(LogsTestCase):
    REMEDY = "remedy: fix what is logged, or expect it with assertLogs(…)"

    def setUp(self):
        self.logger = logging.getLogger("asynctestkit_tests.logs")
        self.heard = []
        handler = logging.Handler()
        handler.emit = lambda record: self.heard.append(record.getMessage())
        self.logger.addHandler(handler)
        self.logger.propagate = False
        self.addCleanup(self.logger.removeHandler, handler)
        self.addCleanup(self.logger.setLevel, logging.NOTSET)

    def test_silence(self):
        """Records of lower levels pass, and everything stays as it was."""
        before = self.logger.level, self.logger.handlers[:]
        with self.assertLogsNothing(self.logger):
            self.logger.info("quiet")
        self.assertEqual((self.logger.level, self.logger.handlers[:]), before)
        self.assertEqual(self.heard, [])

    def test_records_are_listed(self):
        """Records are listed with level, logger, text and line; other handlers get them as well."""
        self.assertEqual(
            self.fails(self.assertLogsNothing(self.logger.name, msg="why"), self.logger.warning, "odd %s", 1),
            "1 record logged at WARNING or above, where there should be none:\n"
            f"  WARNING:asynctestkit_tests.logs:odd 1  (test_logs.py:N in fails)\n{self.REMEDY} : why",
        )
        self.assertEqual(self.heard, ["odd 1"])

    def test_arguments_that_do_not_fit(self):
        """A record whose arguments do not fit counts, and is shown unformatted."""
        self.logger.handlers[0].emit = lambda record: None
        text = self.fails(self.assertLogsNothing(self.logger), self.logger.error, "bad", 1)
        self.assertIn("ERROR:asynctestkit_tests.logs:'bad' with (1,)", text)

    def test_levels(self):
        """A level is a name or a number, and may be lower than the logger's own."""
        for level in ("DEBUG", logging.DEBUG):
            text = self.fails(self.assertLogsNothing(self.logger, level), self.logger.debug, "detail")
            self.assertIn("1 record logged at DEBUG or above", text)
        with self.assertLogsNothing(self.logger, "ERROR"):
            self.logger.warning("odd")
        with self.assertRaises(ValueError):
            self.assertLogsNothing(self.logger, "NO SUCH LEVEL")

    def test_nested_loggers(self):
        """Loggers below count, propagating or not; those above and beside do not; levels are respected."""
        inner = self.logger.getChild("inner")
        self.addCleanup(setattr, inner, "propagate", True)
        self.addCleanup(inner.setLevel, logging.NOTSET)
        for inner.propagate in (True, False):
            for logger in (None, self.logger, inner):
                text = self.fails(self.assertLogsNothing(logger), inner.warning, "odd")
                self.assertIn("1 record", text)
            self.assertIn(
                "1 record", self.fails(self.assertLogsNothing(), inner.getChild("x").warning, "odd")
            )
        with self.assertLogsNothing(inner):
            self.logger.warning("beside")
        inner.setLevel("ERROR")
        with self.assertLogsNothing(self.logger):
            inner.warning("odd")

    def test_other_threads(self):
        """A record of another thread counts."""
        self.assertIn(
            "odd", self.fails(self.assertLogsNothing(self.logger), in_thread, self.logger.warning, "odd")
        )

    def test_the_blocks_own_exception(self):
        """The block's own exception is not masked."""
        with self.assertRaises(OSError), self.assertLogsNothing(self.logger):
            self.logger.warning("odd")
            raise OSError


if __name__ == "__main__":
    unittest.main()
