"""Tests that are async functions."""

import asyncio
import inspect
import traceback
import unittest
from unittest import mock

from asynctestkit import LeakError, Settings
from asynctestkit.adoption.function_tests import guarded_function
from asynctestkit.leaks import listeners


async def leaks(name, *, result=None):
    asyncio.create_task(asyncio.sleep(3600), name=name)
    return result


class GuardedFunctionTests(unittest.TestCase):
    def setUp(self):
        self.heard = []
        patch = mock.patch.object(listeners, "listeners", [self.record])
        patch.start()
        self.addCleanup(patch.stop)

    def record(self, subject, found):
        self.heard += [(subject, each.name) for each in found]
        return found

    def guarded(self, function=leaks, *, observes=False):
        return guarded_function("test_x.py::test[1.5]", function, Settings(), observes=observes)

    def test_it_is_the_function_that_it_was(self):
        """A guarded function is still async to its runner, with its name, parameters and result."""
        guarded = self.guarded(observes=True)
        self.assertTrue(inspect.iscoroutinefunction(guarded))
        self.assertEqual(guarded.__name__, "leaks")
        self.assertEqual(inspect.signature(guarded), inspect.signature(leaks))
        self.assertEqual(asyncio.run(guarded("bg:feed", result=3)), 3)

    def test_a_leak_fails_it(self):
        """The failure names the leak first, as the test's name is printed above; listeners get the leak."""
        with self.assertRaises(LeakError) as caught:
            asyncio.run(self.guarded()("bg:feed"))
        self.assertTrue(str(caught.exception).startswith("left behind: task 'bg:feed'\n"))
        self.assertEqual(self.heard, [("test_x.py::test[1.5]", "bg:feed")])

    def test_a_leak_that_is_only_observed(self):
        """A leak that is only observed goes to the listeners, and fails nothing."""
        asyncio.run(self.guarded(observes=True)("bg:feed"))
        self.assertEqual(self.heard, [("test_x.py::test[1.5]", "bg:feed")])

    def test_a_failure_of_its_own(self):
        """A failure of the test itself is unchanged."""

        async def fails():
            await leaks("bg:feed")
            raise KeyError("key")

        with self.assertRaises(KeyError) as caught:
            asyncio.run(self.guarded(fails, observes=True)())
        self.assertEqual(getattr(caught.exception, "__notes__", []), [])
        self.assertEqual([name for _, name in self.heard], ["bg:feed"])

    def test_it_is_shown_by_the_line_of_the_test(self):
        """Under pytest, which shows source, the failure shows the test's line and no frame of ours."""
        with mock.patch.dict("os.environ", PYTEST_CURRENT_TEST="test_x.py::test[1.5] (call)"):
            try:
                asyncio.run(self.guarded()("bg:feed"))
            except LeakError as error:
                *_, (frame, _) = traceback.walk_tb(error.__traceback__)
        shown = frame.f_code
        self.assertEqual((shown.co_filename, shown.co_name), (__file__, "test"))
        self.assertEqual(shown.co_firstlineno, leaks.__code__.co_firstlineno)

    def test_a_loop_of_another_library(self):
        """On another library's loop nothing can be guarded, so the function runs as it is."""

        async def returns():
            return 3

        coroutine = self.guarded(returns)()
        with self.assertRaises(StopIteration) as ended:
            coroutine.send(None)
        self.assertEqual(ended.exception.value, 3)
