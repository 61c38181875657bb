"""Threads are judged by what they do, whatever their classes answer, and when their owner is known."""

import asyncio
import threading
import unittest

from asynctestkit import ThreadLeaks
from asynctestkit.leaks.owner import Owner
from tests.leaks.contract import run_body


class Odd(threading.Thread):
    def is_alive(self):
        raise LookupError("asked a thread whether it is alive")

    def __getattr__(self, name):
        raise LookupError(f"asked a thread for its {name}")


class Forever(threading.Thread):
    def is_alive(self):
        return True


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


if __name__ == "__main__":
    unittest.main()
