"""A listener that exists now, and did not at the mark, observes."""

import asyncio
import io
import logging
import unittest
import warnings
from unittest import mock

from asynctestkit.leaks.sweeping.attention import Attention

LOGGER = logging.getLogger("asyncio")


class ErrorTests(unittest.TestCase):
    def setUp(self):
        self.loop = asyncio.SelectorEventLoop()
        self.addCleanup(self.loop.close)
        self.attention = Attention()

    def sees(self):
        return self.attention.sees_errors(self.loop)

    def add(self, logger, handler):
        logger.addHandler(handler)
        self.addCleanup(logger.removeHandler, handler)

    def test_no_new_listener(self):
        """Listeners that existed when the Attention was created do not observe."""
        self.assertFalse(self.sees())
        self.add(LOGGER, logging.NullHandler())
        self.attention = Attention()
        self.assertFalse(self.sees())

    def test_a_handler_of_the_loops(self):
        """An exception handler of the user's observes errors."""
        self.loop.set_exception_handler(lambda *_: None)
        self.assertTrue(self.sees())

    def test_handlers_of_the_log(self):
        """A new handler observes if it is on the logger or above, gets errors and keeps them for the test."""
        deaf = logging.NullHandler(logging.CRITICAL)
        for handler, looks in (
            (logging.NullHandler(), True),
            (deaf, False),
            (logging.StreamHandler(), False),
            (logging.StreamHandler(io.StringIO()), True),
        ):
            for logger in (LOGGER, logging.getLogger()):
                with self.subTest(handler, logger=logger.name):
                    logger.addHandler(handler)
                    try:
                        self.assertEqual(self.sees(), looks)
                    finally:
                        logger.removeHandler(handler)

    def test_a_stream_that_replaces_stderr(self):
        """A handler on a buffered stderr, as under `unittest -b`, only writes."""
        with mock.patch("sys.stderr", io.StringIO()):
            self.add(LOGGER, logging.StreamHandler())
            self.assertFalse(self.sees())

    def test_a_log_that_passes_nothing_on(self):
        """Handlers above a logger that does not propagate, or that drops errors, do not observe."""
        self.add(logging.getLogger(), logging.NullHandler())
        with mock.patch.object(LOGGER, "propagate", False):
            self.assertFalse(self.sees())
        with mock.patch.object(LOGGER, "isEnabledFor", return_value=False):
            self.assertFalse(self.sees())
        self.assertTrue(self.sees())

    def test_patches(self):
        """A patch of the logger, or of its method, observes errors."""
        for target in ("asyncio.base_events.logger", "asyncio.log.logger.error", "logging.Logger.error"):
            with self.subTest(target), mock.patch(target):
                self.assertTrue(self.sees())
        self.assertFalse(self.sees())


class WarningTests(unittest.TestCase):
    def setUp(self):
        self.attention = Attention()

    def sees(self):
        return self.attention.sees_warnings(ResourceWarning)

    def test_a_record(self):
        """A test that records warnings observes them."""
        self.assertFalse(self.sees())
        with warnings.catch_warnings(record=True):
            self.assertTrue(self.sees())
        self.assertFalse(self.sees())

    def test_a_record_that_is_older(self):
        """A record that existed when the Attention was created does not observe."""
        with warnings.catch_warnings(record=True):
            self.assertFalse(Attention().sees_warnings(ResourceWarning))

    def test_filters(self):
        """Filters that silence warnings, or make errors of them, do not observe them."""
        for action in ("ignore", "error"):
            with self.subTest(action), warnings.catch_warnings():
                warnings.simplefilter(action)
                self.assertFalse(self.sees())

    def test_a_hook_for_errors_of_finalizers(self):
        """With a hook for them, and filters that make errors of the warnings, the test observes these."""
        for filters, sees in (
            ([], False),
            ([{"action": "error"}], True),
            ([{"action": "error", "message": "unclosed"}], True),
            ([{"action": "error", "category": RuntimeWarning}], False),
            ([{"action": "error"}, {"action": "ignore", "module": "elsewhere"}], True),
            ([{"action": "error"}, {"action": "ignore"}], False),
        ):
            with (
                self.subTest(filters),
                warnings.catch_warnings(),
                mock.patch("sys.unraisablehook"),
            ):
                warnings.resetwarnings()
                for each in filters:
                    warnings.filterwarnings(**each)
                self.assertEqual(self.sees(), sees)

    def test_a_hook_that_is_older(self):
        """A hook that existed when the Attention was created does not observe."""
        with warnings.catch_warnings(), mock.patch("sys.unraisablehook"):
            warnings.simplefilter("error")
            self.assertFalse(Attention().sees_warnings(ResourceWarning))
