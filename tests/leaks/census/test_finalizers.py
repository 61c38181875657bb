"""What a finalizer announces is derived from its code."""

import unittest
import warnings

from asynctestkit.leaks.census.finalizers import (
    Announcing,
    announces,
    reports_to_the_loop,
    says_it_is_open,
)


class Warning_:
    closed = False

    def __del__(self):
        if not self.closed:
            warnings.warn("unclosed", ResourceWarning, stacklevel=1)


class Reporting:
    is_open = False
    loop = None

    def __del__(self):
        if self.is_open:
            self.loop.call_exception_handler({"message": "unclosed"})


class Both(Reporting):
    _closed = True

    def __del__(self):
        if self._closed:
            return
        warnings.warn("unclosed", ResourceWarning, stacklevel=1)
        self.loop.call_exception_handler({"message": "unclosed"})


class Asking:
    closed = True

    def is_closed(self):
        return self.closed

    def __del__(self):
        if not self.is_closed():
            warnings.warn("unclosed", ResourceWarning, stacklevel=1)


class Unconditional:
    silent = True

    def __del__(self):
        if self.silent:
            return
        warnings.warn("unclosed", ResourceWarning, stacklevel=1)


class Raising(Asking):
    @property
    def _closed(self):
        raise RuntimeError("no running event loop")

    def __del__(self):
        try:
            if not self._closed:
                warnings.warn("unclosed", ResourceWarning, stacklevel=1)
        except RuntimeError:
            pass


class Another:
    """Checks another object, whose attribute has the same name."""

    closed = False
    inner = Asking()

    def __del__(self):
        if not self.inner.closed:
            warnings.warn("unclosed", ResourceWarning, stacklevel=1)


class Always:
    closed = False

    def __del__(self):
        if self.closed:
            self.log()
        warnings.warn("finalized", ResourceWarning, stacklevel=1)

    def log(self):
        pass


class Inverse:
    closed = False

    def __del__(self):
        if self.closed:
            warnings.warn("closed, and not given back", ResourceWarning, stacklevel=1)


class Quiet:
    def __del__(self):
        pass


class FinalizerTests(unittest.TestCase):
    def test_announces(self):
        """A finalizer that warns, or reports to a loop, announces; one written in C is unknown."""
        for cls in (Warning_, Reporting, Both, Asking, Unconditional):
            self.assertTrue(announces(cls), cls)
        for cls in (Quiet, object, type((lambda: (yield))())):
            self.assertFalse(announces(cls), cls)

    def test_reports_to_the_loop(self):
        """A finalizer that only warns does not report to the loop."""
        found = [cls for cls in (Warning_, Reporting, Both, Quiet, object) if reports_to_the_loop(cls)]
        self.assertEqual(found, [Reporting, Both])

    def test_says_it_is_open(self):
        """An object is known to be open if its one deciding attribute says so; no method is called."""
        for cls, attribute, opened, shut in (
            (Warning_, "closed", False, True),
            (Reporting, "is_open", True, False),
            (Both, "_closed", False, True),
        ):
            with self.subTest(cls.__name__):
                thing = cls()
                setattr(thing, attribute, opened)
                self.assertTrue(says_it_is_open(thing))
                setattr(thing, attribute, shut)
                self.assertFalse(says_it_is_open(thing))
        for cls in (Asking, Unconditional, Raising, Another, Inverse, Quiet, object):
            self.assertFalse(says_it_is_open(cls()), cls)

    def test_what_is_announced_in_any_case(self):
        """An attribute that decides about something else is ignored."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.assertFalse(says_it_is_open(Always()))

    def test_what_has_announced_itself(self):
        """An object that has announced itself is not announced again."""
        kept = []

        class Recorded(Warning_):
            def __del__(self):
                if not self.closed:
                    warnings.warn("unclosed", ResourceWarning, source=self, stacklevel=1)

        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            Recorded()
            kept.append(heard[0].source)
        self.assertFalse(says_it_is_open(kept[0]))

    def test_a_value_that_is_neither(self):
        """The attribute of a mock decides nothing."""
        thing = Warning_()
        thing.closed = "perhaps"
        self.assertFalse(says_it_is_open(thing))

    def test_announcing(self):
        """`issubclass` and `isinstance` are true for all classes that announce."""
        self.assertTrue(issubclass(Warning_, Announcing))
        self.assertTrue(issubclass(Both, (int, Announcing)))
        self.assertFalse(issubclass(Quiet, Announcing))
        self.assertFalse(issubclass(int, Announcing))
        self.assertIsInstance(Asking(), Announcing)
        self.assertNotIsInstance(3, Announcing)
