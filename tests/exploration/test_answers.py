"""How a program may end after one of its calls has failed, and how it may not."""

import asyncio
import contextlib
import unittest
from unittest import mock

from asynctestkit import Leak, LeakError, ScriptError
from asynctestkit.exploration.answers import is_answer, is_answer_left_behind
from asynctestkit.exploration.faults import Raised


class Gone(Exception):
    """An exception of the program's own."""


class AnswersTests(unittest.TestCase):
    def setUp(self):
        self.fault = ConnectionError("lost")
        self.raised = [Raised(self.fault, frozenset())]

    def call(self):
        raise self.fault

    def came_out(self, function):
        try:
            function()
        except Exception as error:  # assertRaises would take its traceback away
            return is_answer(error, self.raised)
        self.fail("nothing came out")

    def raised_in(self, statement):
        """The exception that a handler with that statement raises."""
        names = {"call": self.call, "Gone": Gone, "self": self, "asyncio": asyncio}
        lines = ("def run():", " try: call()", " except ConnectionError as error:", f"  {statement}")
        exec("\n".join(lines), names)
        return self.came_out(names["run"])

    def test_the_fault_itself(self):
        """The injected exception itself is a valid answer; a similar one is not."""
        self.assertTrue(self.came_out(self.call))
        self.assertFalse(is_answer(ConnectionError("lost"), self.raised))

    def test_one_in_its_place(self):
        """An exception raised from it, or in a handler by `raise`, is a valid answer."""
        for statement in (
            "raise Gone from error", "raise Gone", "raise Gone from None", "raise RuntimeError('gone')",
            "raise AssertionError from error",
        ):  # fmt: skip
            with self.subTest(statement):
                self.assertTrue(self.raised_in(statement))

    def test_an_error_in_the_handler(self):
        """An operation that fails in the handler, here or in the library, and an assertion, are no answer."""
        for statement in (
            "None.close()", "missing", "{}['x']", "asyncio.Lock().release()", "self.assertEqual(1, 2)",
            "assert False", "raise AssertionError", "raise ValueError from KeyError()",
        ):  # fmt: skip
            with self.subTest(statement):
                self.assertFalse(self.raised_in(statement))

    def test_giving_up(self):
        """A `raise` outside of a handler counts, in a function that the call was made in."""

        def retry():
            with contextlib.suppress(ConnectionError):
                self.call()
            raise Gone

        self.assertFalse(self.came_out(retry))
        self.raised = [Raised(self.fault, frozenset({retry.__code__}))]
        self.assertTrue(self.came_out(retry))
        self.assertFalse(is_answer(Gone(), self.raised))  # it was not raised at all

    def test_an_assertion_that_was_handed_it(self):
        """A failed `assertRaises` that got the injected exception is an answer; one that got none is not."""

        def expects_another():
            with self.assertRaisesRegex(ConnectionError, "refused"):
                self.call()

        self.assertTrue(self.came_out(expects_another))

        def expects_one():
            with self.assertRaises(ConnectionError):
                pass

        self.assertFalse(self.came_out(expects_one))

    def test_groups(self):
        """A group is an answer if all of its members are."""

        def group(*members):
            error = ValueError()
            error.exceptions = members
            return is_answer(error, self.raised)

        self.assertTrue(group(self.fault, asyncio.CancelledError()))
        late = Gone()
        late.__cause__ = self.fault  # a member may be raised from another
        self.assertTrue(group(self.fault, late))
        self.assertFalse(group(self.fault, ValueError()))

    def test_what_is_called_as_a_groups_members_are(self):
        """An attribute `exceptions` of the program's own exception does not make that a group."""
        for members in (("a", "b"), (), ["c"], None):
            with self.subTest(members), mock.patch.object(Gone, "exceptions", members, create=True):
                self.assertTrue(self.raised_in("raise Gone"))
                self.assertFalse(is_answer(Gone(), self.raised))

    def test_a_chain_that_leads_back_to_itself(self):
        """In a chain that leads back to itself, the other causes decide."""
        self.assertTrue(self.raised_in("gone = Gone(); raise gone from gone"))
        one, other = ValueError(), KeyError()
        one.__cause__, other.__cause__ = other, one
        self.assertFalse(is_answer(one, self.raised))

    def test_what_leaves_the_script(self):
        """Nothing is judged once a test has left its script, nor what was cancelled then."""
        self.assertTrue(is_answer(ScriptError("one call more"), self.raised))
        self.assertTrue(is_answer(asyncio.CancelledError(), self.raised))
        self.assertFalse(is_answer(ScriptError("one call more"), []))


class LeftBehindTests(unittest.TestCase):
    def judge(self, *leaks):
        error = LeakError("left behind", tuple(Leak(kind, description=text) for kind, text in leaks))
        return is_answer_left_behind(error, [Raised(ConnectionError("lost"), frozenset())])

    def test_the_exception_of_a_task(self):
        """An unretrieved exception of a task is an answer if it is the injected one or the program's own."""
        looked = "the task failed and its exception was never retrieved: "
        self.assertTrue(self.judge(("exception", f"{looked}ConnectionError: lost")))
        self.assertTrue(
            self.judge(("exception", f"{looked}svc.errors.Gone: x"), ("exception", f"{looked}svc.Gone"))
        )
        self.assertFalse(self.judge(("exception", f"{looked}AttributeError: no x")))
        self.assertFalse(self.judge(("exception", f"{looked}asyncio.exceptions.InvalidStateError: x")))

    def test_anything_else(self):
        """A task that goes on is left behind, in whatever state."""
        self.assertFalse(self.judge(("exception", "it: ConnectionError: lost"), ("task", "still pending")))
        self.assertFalse(is_answer_left_behind(ValueError(), []))
