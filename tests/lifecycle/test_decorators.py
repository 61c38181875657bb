"""`@hygiene` and `@allow_leaks` are rejected at once if they have no effect, and apply as documented."""

import functools
import unittest

from asynctestkit import HygieneMixin, HygienicAsyncTestCase, Settings
from asynctestkit.leaks.allowances import Allowance
from asynctestkit.lifecycle.decorators import allow_leaks, allowances_of, hygiene, overrides_of


class DecoratorTestCase(unittest.TestCase):
    def assertRefused(self, error, message, call, *args, **options):
        with self.assertRaises(error) as caught:
            call(*args, **options)
        self.assertIs(type(caught.exception), error)
        self.assertEqual(str(caught.exception), message)


class HygieneTests(DecoratorTestCase):
    def test_typos_and_bad_values_are_refused_at_once(self):
        """The error is raised when the decorator runs, before it decorates anything."""
        with self.assertRaisesRegex(TypeError, "^unknown setting 'on_leaks'; did you mean 'on_leak'"):
            hygiene(on_leaks="warn")
        with self.assertRaisesRegex(ValueError, "^deadline is -1, "):
            hygiene(deadline=-1)

    def test_on_a_method(self):
        """The method itself is returned, and its settings apply to it alone."""

        async def test(self): ...

        self.assertIs(hygiene(on_leak="warn")(test), test)
        self.assertEqual(overrides_of(test), {"on_leak": "warn"})
        self.assertEqual(overrides_of(self.id), {})

    def test_on_a_callable_that_stands_for_a_method(self):
        """Its own settings apply, and not those of a function that it refers to."""
        stand_in = functools.partial(self.id)
        stand_in.__func__ = self.id.__func__
        hygiene(on_leak="warn")(stand_in)
        self.assertEqual(overrides_of(stand_in), {"on_leak": "warn"})

    def test_several_on_a_method(self):
        """Several add up; of two that set the same, the upper one wins."""

        @hygiene(deadline=1.0)
        @hygiene(deadline=2.0, settle_time=3.0)
        async def test(self): ...

        self.assertEqual(overrides_of(test), {"deadline": 1.0, "settle_time": 3.0})

    def test_on_a_class(self):
        """It applies to the class and to subclasses that do not override it, not to the parent."""

        @hygiene(deadline=1.0, on_leak="warn")
        class Parent(HygienicAsyncTestCase): ...

        class Child(Parent):
            deadline = 2.0

        self.assertEqual((Parent.deadline, Parent.on_leak), (1.0, "warn"))
        self.assertEqual((Child.deadline, Child.on_leak), (2.0, "warn"))
        self.assertEqual(HygienicAsyncTestCase.deadline, Settings.deadline)

    def test_on_a_class_of_the_mixin(self):
        """Any class with HygieneMixin can be decorated."""
        case = type("Case", (HygieneMixin, unittest.IsolatedAsyncioTestCase), {})
        self.assertIs(hygiene(deadline=1.0)(case), case)
        self.assertEqual(case.deadline, 1.0)

    def test_on_a_class_of_another_kind(self):
        """Another class is rejected, as the decorator would have no effect."""
        message = "@hygiene on Plain, which is not a HygieneMixin or HygienicAsyncTestCase"
        plain = type("Plain", (unittest.IsolatedAsyncioTestCase,), {})
        self.assertRefused(TypeError, message, hygiene(deadline=1.0), plain)


class TargetTests(unittest.TestCase):
    def test_what_is_no_test(self):
        """A value that cannot carry a setting is rejected."""
        for name, decorate in (
            ("hygiene", hygiene(deadline=1)),
            ("allow_leaks", allow_leaks("task", reason="x")),
        ):
            with self.subTest(name), self.assertRaises(TypeError) as caught:
                decorate(5)
            self.assertEqual(str(caught.exception), f"@{name} is for test methods and classes, not for 5")


class AllowLeaksTests(DecoratorTestCase):
    def test_on_a_method(self):
        """The allowances of a method are all those above it, each with whether it is required."""

        @allow_leaks("task", name="a:*", coroutine="f", reason="one")
        @allow_leaks("coroutine", reason="two", required=False)
        async def test(self): ...

        self.assertEqual(
            allowances_of(test),
            {
                Allowance("task", name="a:*", coroutine="f", reason="one"): True,
                Allowance("coroutine", reason="two"): False,
            },
        )

    def test_a_method_without_any(self):
        """An ordinary method has no allowances."""
        self.assertEqual(allowances_of(self.id), {})

    def test_on_a_class(self):
        """It is added to what the class allows, for its subclasses too, and not for its parent."""
        first, second = Allowance("task", reason="one"), Allowance("coroutine", reason="two")

        class Parent(HygienicAsyncTestCase):
            allowed_leaks = (first,)

        @allow_leaks("coroutine", reason="two")
        class Child(Parent): ...

        class Grandchild(Child): ...

        self.assertEqual(Grandchild.allowed_leaks, (first, second))
        self.assertEqual(Child.allowed_leaks, (first, second))
        self.assertEqual(Parent.allowed_leaks, (first,))

    def test_typos_are_refused_at_once(self):
        """A kind that looks like a misspelt built-in one is an error that names the right one."""
        message = "unknown kind of leak 'taks'; did you mean 'task'?"
        self.assertRefused(ValueError, message, allow_leaks, "taks", reason="known")

    def test_a_reason_is_required(self):
        """An allowance needs a reason."""
        with self.assertRaises(TypeError):
            allow_leaks("task")
        message = "reason is empty; an allowance says what it allows, and why"
        self.assertRefused(ValueError, message, allow_leaks, "task", reason=" ")

    def test_on_a_class_of_another_kind(self):
        """Another class is rejected, as the decorator would have no effect."""
        message = "@allow_leaks on Plain, which is not a HygieneMixin or HygienicAsyncTestCase"
        plain = type("Plain", (unittest.TestCase,), {})
        self.assertRefused(TypeError, message, allow_leaks("task", reason="known"), plain)
