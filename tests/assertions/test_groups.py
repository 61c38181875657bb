"""Exception groups are compared with expectations member by member, and shown as two trees."""

import asyncio
import sys
import types
import unittest
from unittest import mock

from asynctestkit.assertions.groups import GroupAssertions
from asynctestkit.cpython.versions import HAS_RUNNER, exception_group_type
from tests.assertions.clock import normalised

REMEDY = "remedy: expect what is raised, or find out where the other exceptions come from"


class BackportedGroup(BaseException):
    """The parts of the backport's BaseExceptionGroup that are needed here."""

    def __init__(self, message, exceptions):
        super().__init__(message, exceptions)
        self.message = message
        self.exceptions = tuple(exceptions)


BackportedGroup.__name__ = "ExceptionGroup"


class GroupsTests(GroupAssertions, unittest.TestCase):
    maxDiff = None

    def setUp(self):
        if exception_group_type() is None:
            backport = types.SimpleNamespace(BaseExceptionGroup=BackportedGroup)
            self.enter(mock.patch.dict(sys.modules, exceptiongroup=backport))
        self.group = exception_group_type()  # makes an ExceptionGroup where all members are Exceptions

    def enter(self, context):
        context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)

    def passes(self, error, *expected, **options):
        with self.assertRaisesGroup(*expected, **options) as caught:
            raise error
        self.assertIs(caught.exception, error)
        self.assertIsNone(error.__traceback__)

    def fails(self, text, error, *expected, **options):
        with self.assertRaises(AssertionError) as caught:
            with self.assertRaisesGroup(*expected, **options):
                if error is not None:
                    raise error
        self.assertEqual(normalised(str(caught.exception)), text)
        self.assertIs(caught.exception.__cause__, error)

    def test_members_in_any_order(self):
        """Members match types and their subclasses in any order, as often as expected."""
        group = self.group("x", [ValueError(), KeyError(), ValueError()])
        self.passes(group, KeyError, ValueError, ValueError)
        self.passes(group, LookupError, Exception, ValueError)

    def test_one_member_fits_many(self):
        """The pairing is found if there is one, in whatever order the members come."""
        members = [ZeroDivisionError(), OverflowError(), ValueError()]
        for expected in (
            (Exception, ArithmeticError, ZeroDivisionError),
            (ArithmeticError, ZeroDivisionError, Exception),
            (ZeroDivisionError, Exception, ArithmeticError),
        ):
            self.passes(self.group("x", members), *expected)
            self.passes(self.group("x", members[::-1]), *expected)

    def test_groups_within(self):
        """A tuple stands for a group, at any depth; so does a class of groups by its name."""
        group = self.group("x", [self.group("y", [self.group("z", [OSError()]), KeyError()]), ValueError()])
        self.passes(group, ValueError, (KeyError, (OSError,)))
        self.passes(group, ValueError, self.group)

    def test_flatten(self):
        """With `flatten`, members of nested groups count as the group's own."""
        group = self.group("x", [self.group("y", [self.group("z", [OSError()]), KeyError()]), ValueError()])
        self.passes(group, OSError, ValueError, KeyError, flatten=True)
        self.fails(
            "the exception group is not the expected one\n"
            "expected:\n  a group of 1\n  └─ OSError\n"
            "raised:\n  ExceptionGroup: x\n  ├─ OSError\n  ├─ KeyError  ← not expected\n"
            f"  └─ ValueError  ← not expected\n{REMEDY}",
            group, OSError, flatten=True,
        )  # fmt: skip

    def test_base_exceptions(self):
        """A group of BaseExceptions is a group as well."""
        self.passes(self.group("x", [KeyboardInterrupt(), ValueError()]), ValueError, KeyboardInterrupt)

    def test_match(self):
        """`match` is searched in the group's own message, without the count of its members."""
        group = self.group("2 workers (failed)", [ValueError()])
        self.passes(group, ValueError, match="workers")
        self.passes(group, ValueError, match=r"\(failed\)$")
        self.fails(
            "the exception group's message is not matched by 'sub-exception': '2 workers (failed)'\n"
            "remedy: change the pattern, or find out what raises this group",
            group, ValueError, match="sub-exception",
        )  # fmt: skip

    def test_missing_and_extra_members(self):
        """Both trees are shown, and marked where they differ."""

        def raises():
            raise KeyError("key")

        try:
            raises()
        except KeyError as error:
            group = self.group("two", [error, ValueError("bad\nlines")])
        self.fails(
            "the exception group is not the expected one\n"
            "expected:\n"
            "  a group of 3\n"
            "  ├─ ValueError\n"
            "  ├─ OSError  ← missing\n"
            "  └─ a group of 1  ← missing\n"
            "     └─ TypeError\n"
            "raised:\n"
            "  ExceptionGroup: two\n"
            "  ├─ KeyError: 'key'  (test_groups.py:N in raises)  ← not expected\n"
            "  └─ ValueError: bad\n" + REMEDY,
            group, ValueError, OSError, (TypeError,),
        )  # fmt: skip

    def test_differences_within(self):
        """For two groups that do not match, the differing members are marked."""
        group = self.group("outer", [self.group("inner", [OSError("x"), KeyError("y")]), ValueError("z")])
        self.fails(
            "the exception group is not the expected one\n"
            "expected:\n"
            "  a group of 2\n"
            "  ├─ a group of 2\n"
            "  │  ├─ OSError\n"
            "  │  └─ TypeError  ← missing\n"
            "  └─ ValueError\n"
            "raised:\n"
            "  ExceptionGroup: outer\n"
            "  ├─ ExceptionGroup: inner\n"
            "  │  ├─ OSError: x\n"
            "  │  └─ KeyError: 'y'  ← not expected\n"
            "  └─ ValueError: z\n" + REMEDY,
            group, (OSError, TypeError), ValueError,
        )  # fmt: skip
        self.fails(
            "the exception group is not the expected one\n"
            "expected:\n  a group of 1\n  └─ Exception  ← missing\n"
            "raised:\n  ExceptionGroup: outer\n"
            "  └─ ExceptionGroup: inner  ← not expected\n     └─ OSError\n" + REMEDY,
            self.group("outer", [self.group("inner", [OSError()])]), Exception,
        )  # fmt: skip

    def test_nothing_or_something_bare(self):
        """No exception, and a bare exception, fail with different messages."""
        tree = "expected:\n  a group of 2\n  ├─ ValueError\n  └─ a group of 1\n     └─ OSError\n"
        self.fails(
            "no exception group was raised\n"
            f"{tree}remedy: check that the code under test runs, and fails : why",
            None, ValueError, (OSError,), msg="why",
        )  # fmt: skip
        self.fails(
            f"ValueError: x was raised on its own, not in a group\n{tree}remedy: use assertRaises for it",
            ValueError("x"), ValueError, (OSError,),
        )  # fmt: skip

    def test_what_passes_through(self):
        """Interrupts, cancellations, skips and failed assertions of the block pass through."""
        for error in (KeyboardInterrupt(), asyncio.CancelledError(), unittest.SkipTest(), AssertionError()):
            with self.assertRaises(type(error)) as caught:
                with self.assertRaisesGroup(ValueError):
                    raise error
            self.assertIs(caught.exception, error)

    def test_wrong_arguments(self):
        """Wrong arguments are rejected before the block runs."""
        for expected, options, text in (
            ((), {}, "takes at least one exception type"),
            (((),), {}, "takes at least one exception type"),
            ((42,), {}, "not 42$"),
            ((ValueError("x"),), {}, r"not ValueError\('x'\)$"),
            (((int,),), {}, "not <class 'int'>$"),
            (((OSError,),), {"flatten": True}, "with flatten=True there are no groups within"),
        ):
            with self.assertRaisesRegex(TypeError, text):
                self.assertRaisesGroup(*expected, **options)

    def test_without_the_backport(self):
        """On 3.10 without the backport, the assertion says what it needs."""
        with mock.patch("asynctestkit.assertions.groups.exception_group_type", return_value=None):
            with self.assertRaisesRegex(RuntimeError, "Python 3.11, or `pip install exceptiongroup`"):
                self.assertRaisesGroup(ValueError)


class TaskGroupTests(GroupAssertions, unittest.IsolatedAsyncioTestCase):
    @unittest.skipUnless(HAS_RUNNER, "3.10 has no TaskGroup")
    async def test_a_task_group(self):
        """A group that TaskGroup raises matches."""

        async def fails():
            raise ValueError("x")

        with self.assertRaisesGroup(ValueError, ValueError, match="unhandled errors") as caught:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(fails())
                tasks.create_task(fails())
        self.assertEqual(len(caught.exception.exceptions), 2)


if __name__ == "__main__":
    unittest.main()
