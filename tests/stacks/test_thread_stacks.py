"""Stacks of threads, and tracebacks, as text for a reader."""

import asyncio
import concurrent.futures
import re
import sys
import threading
import traceback
import unittest
from unittest import mock

from asynctestkit.stacks.places import Place, user_places
from asynctestkit.stacks.thread_stacks import hide_machinery, render_stack, stack_of
from tests.stacks.test_places import ASYNCIO, UNITTEST, defined_in


class StackTests(unittest.TestCase):
    def test_it_begins_with_the_users_line(self):
        """The machinery before the user's line is left out; asyncio's lines between the user's are not."""

        async def inner():
            return render_stack(stack_of(sys._getframe()))

        def outer():
            loop = asyncio.SelectorEventLoop()
            self.addCleanup(loop.close)
            return loop.run_until_complete(inner())

        functions = re.findall(r"line \d+, in (\w+)\n", outer())
        self.assertEqual([functions[0], *functions[-1:]], ["test_it_begins_with_the_users_line", "inner"])
        self.assertLess(functions.index("outer"), functions.index("run_until_complete"))

    def test_a_deep_stack(self):
        """The outermost and innermost lines are shown, and the others counted."""
        stack = [Place("/a.py", line, "f") for line in range(1, 31)]
        printed = render_stack(stack)
        self.assertEqual(re.findall(r"line (\d+),", printed), [*"12", *map(str, range(23, 31))])
        self.assertIn(', in f\n  … 20 more …\n  File "/a.py", line 23', printed)
        self.assertEqual(len(re.findall("line", render_stack(stack[:11]))), 11)

    def test_a_thread(self):
        """A thread's stack begins with the function that it was started for, also in a pool."""

        def work():
            stacks.append(render_stack(stack_of(sys._getframe())))

        stacks = []
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            pool.submit(work)
        for stack in stacks:
            self.assertEqual(re.findall(r"line \d+, in (\w+)\n", stack), ["work"])

    def test_nothing_of_the_users(self):
        """If no line is the user's, all are shown; without a frame there is none."""
        over = threading.Event()
        thread = threading.Thread(target=over.wait)
        thread.start()
        frame = sys._current_frames()[thread.ident]
        self.assertIn("threading.py", render_stack(stack_of(frame)))
        over.set()
        thread.join()
        self.assertEqual(render_stack(stack_of(None)), "")


class MockedStackTests(unittest.TestCase):
    def test_a_mock_is_no_place(self):
        """The stack ends on the line that calls the mock, or goes on in what the mock calls."""
        stacks = []

        def side_effect():
            stacks.append(render_stack(stack_of(sys._getframe())))

        def calls(mocked):
            mocked()

        calls(mock.Mock(side_effect=side_effect))
        (stack,) = stacks
        self.assertEqual(re.findall(r"line \d+, in (\w+)\n", stack)[-1], "side_effect")
        self.assertIn(", in calls\n    mocked()", stack)
        frames = [Place("/a.py", 1, "polls"), Place(mock.__file__, 2, "__call__"), Place(UNITTEST, 3, "f")]
        self.assertEqual(re.findall(r"in (\w+)", render_stack(frames)), ["polls"])

    def test_what_a_mock_calls_is_created_by_its_caller(self):
        """A mock's `__call__` does not count as running the test: the lines before it are the user's, too."""
        stack = [("/a.py", 1, "side_effect"), (mock.__file__, 2, "__call__"), ("/a.py", 3, "test")]
        self.assertEqual(user_places(stack), (Place("/a.py", 3, "test"), Place("/a.py", 1, "side_effect")))


class HideMachineryTests(unittest.TestCase):
    def functions(self, call, *args):
        """The functions that remain in the traceback of what the call raises."""
        try:
            call(*args)
        except ZeroDivisionError as error:
            hide_machinery(error.__traceback__)
            return [entry.name for entry in traceback.extract_tb(error.__traceback__)]

    def test_machinery_before_the_first_line_of_the_users_goes(self):
        """Frames between the entry and the user's first line are removed; later ones stay."""
        carry = defined_in(UNITTEST, "def f(call): call()")
        carry_on = defined_in(ASYNCIO, "def f(carry, call): carry(call)")

        def users():
            carry(divide)

        def divide():
            1 / 0

        self.assertEqual(self.functions(carry_on, carry, users), ["functions", "users", "f", "divide"])

    def test_the_users_own_lines_stay(self):
        """If the user's line is next to the entry, nothing changes."""
        self.assertEqual(self.functions(lambda: 1 / 0), ["functions", "<lambda>"])

    def test_what_the_machinery_itself_raises_keeps_its_lines(self):
        """Without a line of the user's, nothing is hidden."""
        self.assertEqual(self.functions(defined_in(UNITTEST, "def f(): 1 / 0")), ["functions", "f"])

    def test_without_a_traceback_there_is_nothing_to_do(self):
        """None, which `__exit__` gets without an exception, is accepted."""
        self.assertIsNone(hide_machinery(None))
