"""The handler of Ctrl-C: set only in the place of Python's own, and taken back only if it is still there."""

import signal
import threading
import unittest

from asynctestkit.loops.interrupt_signal import return_sigint, take_sigint


def handle(*_):
    """A handler that no test calls."""


class InterruptSignalTests(unittest.TestCase):
    def setUp(self):
        self.addCleanup(signal.signal, signal.SIGINT, signal.getsignal(signal.SIGINT))
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def handler(self):
        return signal.getsignal(signal.SIGINT)

    def test_in_the_place_of_pythons_own(self):
        """It is set, returned, and taken back."""
        self.assertIs(take_sigint(handle), handle)
        self.assertIs(self.handler(), handle)
        return_sigint(handle)
        self.assertIs(self.handler(), signal.default_int_handler)

    def test_in_the_place_of_another(self):
        """A handler of the user's stays, whenever it was set."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self.assertIsNone(take_sigint(handle))
        return_sigint(None)
        return_sigint(handle)
        self.assertIs(self.handler(), signal.SIG_IGN)

    def test_in_another_thread(self):
        """Python sets handlers in the main thread only."""
        taken = []
        thread = threading.Thread(target=lambda: taken.append(take_sigint(handle)))
        thread.start()
        thread.join()
        self.assertEqual((taken, self.handler()), ([None], signal.default_int_handler))
