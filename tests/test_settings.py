"""Settings are refused where they are given, and the narrowest place that sets one wins."""

import os
import re
import unittest
from unittest import mock

from asynctestkit import HygienicAsyncTestCase
from asynctestkit.leaks.allowances import Allowance
from asynctestkit.leaks.kinds import DEFAULT_DETECTORS, STRICT_DETECTORS
from asynctestkit.lifecycle.decorators import hygiene, overrides_of
from asynctestkit.settings import (
    NAMES,
    Settings,
    _reject_misspelt_variables,
    check,
    from_environment,
    settings_from,
    settings_of,
)

ALLOWANCE = Allowance("task", reason="known")

A_CHOICE = "expected one of 'fail', 'warn', 'ignore'"
DETECTORS = "expected a tuple of detector classes, such as DEFAULT_DETECTORS + (Mine,)"
DETECTOR = "expected a subclass of LeakDetector (the class, no instance)"
ALLOWANCES = "expected a tuple: (Allowance('task', name='bg:*', reason='…'),)"
SECONDS = "expected a number of seconds"

BAD_VALUES = (
    ("on_leak", None, TypeError, f"on_leak is None, {A_CHOICE}"),
    ("on_leak", "wran", ValueError, f"on_leak is 'wran', {A_CHOICE}; try 'warn'"),
    ("on_leak", "IGNORE", ValueError, f"on_leak is 'IGNORE', {A_CHOICE}; try 'ignore'"),
    ("on_leak", "xyz", ValueError, f"on_leak is 'xyz', {A_CHOICE}; try 'fail'"),
    ("leak_detectors", [], TypeError, f"leak_detectors is [], {DETECTORS}"),
    ("leak_detectors", (int,), TypeError, f"leak_detectors holds <class 'int'>, {DETECTOR}"),
    ("leak_detectors", (1,), TypeError, f"leak_detectors holds 1, {DETECTOR}"),
    ("allowed_leaks", None, TypeError, f"allowed_leaks is None, {ALLOWANCES}"),
    (
        "allowed_leaks",
        ("task",),
        TypeError,
        "allowed_leaks holds 'task', expected an Allowance(kind, reason='…')",
    ),
    ("settle_time", "1", TypeError, f"settle_time is '1', {SECONDS}"),
    ("settle_time", None, TypeError, f"settle_time is None, {SECONDS}"),
    ("settle_time", True, TypeError, f"settle_time is True, {SECONDS}"),
    ("settle_time", 1j, TypeError, f"settle_time is 1j, {SECONDS}"),
    ("settle_time", -1, ValueError, f"settle_time is -1, {SECONDS} that is not negative"),
    ("grace_period", float("nan"), ValueError, f"grace_period is nan, {SECONDS} that is not negative"),
    ("deadline", "2", TypeError, f"deadline is '2', {SECONDS}"),
    ("deadline", -2, ValueError, f"deadline is -2, {SECONDS} that is not negative"),
    (
        "deadline",
        0,
        ValueError,
        "deadline is 0, expected more than no time at all; for no limit, say None",
    ),
    ("blocking_threshold", "0.1", TypeError, f"blocking_threshold is '0.1', {SECONDS}"),
    (
        "blocking_threshold",
        0.0,
        ValueError,
        "blocking_threshold is 0.0, expected more than no time at all; for no limit, say None",
    ),
    ("patch_time", None, TypeError, "patch_time is None, expected True or False"),
    ("random_seed", True, TypeError, "random_seed is True, expected an int or None"),
    ("random_seed", "7", TypeError, "random_seed is '7', expected an int or None"),
    ("clock", "virtuel", ValueError, "clock is 'virtuel', expected one of 'real', 'virtual'; try 'virtual'"),
    ("asyncio_debug", 1, TypeError, "asyncio_debug is 1, expected True, False or None"),
    ("require_task_names", None, TypeError, "require_task_names is None, expected True or False"),
)

GOOD_VALUES = {
    "on_leak": ("fail", "warn", "ignore"),
    "leak_detectors": ((), DEFAULT_DETECTORS, STRICT_DETECTORS),
    "allowed_leaks": ((), (ALLOWANCE,)),
    "settle_time": (0, 0.5, float("inf")),
    "grace_period": (0, 3),
    "deadline": (None, 0.1, 7, float("inf")),
    "blocking_threshold": (None, 0.01, 3),
    "asyncio_debug": (True, False, None),
    "require_task_names": (True, False),
    "random_seed": (None, 0, -1, 2**70),
    "patch_time": (True, False),
    "clock": ("real", "virtual"),
}


class SettingsTestCase(unittest.TestCase):
    """Begins with none of the package's variables in the environment."""

    def setUp(self):
        others = {k: v for k, v in os.environ.items() if not k.startswith("ASYNCTESTKIT_")}
        patch = mock.patch.dict(os.environ, others, clear=True)
        patch.start()
        self.addCleanup(patch.stop)

    def set(self, **variables):
        os.environ.update({f"ASYNCTESTKIT_{name}": text for name, text in variables.items()})

    def assertRefused(self, error, message, call, *args, **options):
        with self.assertRaises(error) as caught:
            call(*args, **options)
        self.assertIs(type(caught.exception), error)
        self.assertEqual(str(caught.exception), message)


class ValidationTests(SettingsTestCase):
    def test_every_bad_value_is_refused(self):
        """A bad value is a TypeError or ValueError that names it, what was expected, and the nearest."""
        for name, value, error, message in BAD_VALUES:
            with self.subTest(name, value=value):
                self.assertRefused(error, message, check, {name: value})
                self.assertRefused(error, message, Settings, **{name: value})

    def test_every_good_value_is_taken(self):
        """The ends of each range are taken as they are."""
        self.assertEqual(set(GOOD_VALUES), set(NAMES))
        for name, values in GOOD_VALUES.items():
            for value in values:
                with self.subTest(name, value=value):
                    check({name: value})
                    self.assertEqual(getattr(Settings(**{name: value}), name), value)

    def test_an_unknown_setting_is_refused(self):
        """A misspelled setting is a TypeError that names the nearest one, and all there are."""
        self.assertRefused(
            TypeError,
            f"unknown setting 'dead_line'; did you mean 'deadline'? There are: {', '.join(NAMES)}",
            check,
            {"dead_line": 1},
        )

    def test_a_misspelt_class_attribute_is_refused(self):
        """When the class is made, with the setting that was meant."""
        allowances = (ALLOWANCE,)
        for name, value, meant in (
            ("dealine", 3, "deadline"),
            ("deadine", None, "deadline"),
            ("daedline", 3, "deadline"),
            ("Deadline", 3, "deadline"),
            ("onleak", "warn", "on_leak"),
            ("onLeak", "warn", "on_leak"),
            ("clok", "virtual", "clock"),
            ("settletime", 0.1, "settle_time"),
            ("grace_perod", 0.1, "grace_period"),
            ("allowed_leak", allowances, "allowed_leaks"),
            ("leak_detector", STRICT_DETECTORS, "leak_detectors"),
            ("patchtime", True, "patch_time"),
        ):
            with self.subTest(name):
                with self.assertRaisesRegex(TypeError, f"^{name} = .* looks like the setting '{meant}'"):
                    type("Tests", (HygienicAsyncTestCase,), {name: value})

    def test_a_suites_own_attributes(self):
        """Other words, other values, constants, helpers, and what a base class has, are none of ours."""
        own = {
            "retries": 3,
            "line": "x",
            "deadlines": 3,
            "deadline2": 3,
            "DEADLINE": 3,
            "headline": 3,
            "match_time": True,
            "clocks": ["real"],
            "block": "real",
            "clok": "utc",
            "dealine": "a line of a deal",
            "on_leave": "warn",
            "_dealine": 3,
            "random_seeds": 7,
            "grace_perod": lambda self: None,
            "d": 1,
        }
        case = type("Tests", (HygienicAsyncTestCase,), own)
        self.assertEqual({name: vars(case)[name] for name in own}, own)
        mixin = type("Mixin", (), {"dealine": 3})
        self.assertEqual(type("Tests", (mixin, HygienicAsyncTestCase), {"dealine": 4}).dealine, 4)

    def test_a_bad_class_attribute_is_refused(self):
        """It is an error when the class is created."""
        with self.assertRaisesRegex(TypeError, "^deadline is 'soon', expected a number of seconds$"):
            type("Case", (HygienicAsyncTestCase,), {"deadline": "soon"})


class EnvironmentTests(SettingsTestCase):
    def test_without_variables_nothing_is_overridden(self):
        """An environment that says nothing changes nothing."""
        self.assertEqual(from_environment(), {})

    def test_every_variable(self):
        """Each variable overrides its setting, space around the value is no matter."""
        self.set(ON_LEAK="warn", SETTLE_TIME="2.5", GRACE_PERIOD="0", DEADLINE=" 7 ")
        self.assertEqual(
            from_environment(), {"on_leak": "warn", "settle_time": 2.5, "grace_period": 0.0, "deadline": 7.0}
        )

    def test_no_deadline(self):
        """A deadline of 0 in the environment is none."""
        self.set(DEADLINE="0")
        self.assertEqual(from_environment(), {"deadline": None})

    def test_an_unknown_variable_is_refused(self):
        """It would have no effect, and nobody would know."""
        _reject_misspelt_variables.cache_clear()
        self.addCleanup(_reject_misspelt_variables.cache_clear)
        with mock.patch.dict(os.environ, {"ASYNCTESTKIT_DEALINE": "3"}):
            message = "unknown environment variable ASYNCTESTKIT_DEALINE; did you mean ASYNCTESTKIT_DEADLINE?"
            for _ in range(2):
                with self.assertRaisesRegex(ValueError, re.escape(message)):
                    from_environment()
        _reject_misspelt_variables.cache_clear()
        with mock.patch.dict(os.environ, {"ASYNCTESTKIT_HOME": "/srv", "ASYNCTESTKIT_VERSION": "3"}):
            self.assertEqual(from_environment(), {}, "these are the project's own")

    def test_malformed_values_are_refused(self):
        """The error names the variable, what it is and what it should be, and not how it was read."""
        for name, text, expected in (
            ("ON_LEAK", "Fail", "fail, warn or ignore"),
            ("SETTLE_TIME", "fast", "a number of seconds, such as 1.5"),
            ("GRACE_PERIOD", "-1", "a number of seconds, such as 0.5"),
            ("DEADLINE", "", "a number of seconds, such as 120, or 0 for none"),
            ("DEADLINE", "nan", "a number of seconds, such as 120, or 0 for none"),
        ):
            with self.subTest(name, text=text), mock.patch.dict(os.environ):
                self.set(**{name: text})
                with self.assertRaises(ValueError) as caught:
                    from_environment()
                message = f"environment variable ASYNCTESTKIT_{name} is {text!r}, expected {expected}"
                self.assertEqual(str(caught.exception), message)
                self.assertTrue(caught.exception.__suppress_context__)


class PrecedenceTests(SettingsTestCase):
    class Case(HygienicAsyncTestCase):
        deadline = 5.0

        async def test_plain(self): ...

        @hygiene(deadline=2.0)
        async def test_own(self): ...

    def deadline_of(self, name):
        case = self.Case(name)
        return settings_of(case, overrides_of(getattr(case, name))).deadline

    def test_defaults(self):
        """Where nothing is set, the defaults hold, and the class's attributes are the same."""
        self.assertEqual(settings_from({}), Settings())
        case = HygienicAsyncTestCase()
        self.assertEqual(settings_of(case, {}), Settings())

    def test_class_method_environment(self):
        """The class overrides the default, the method the class, the environment them both."""
        self.assertEqual(self.deadline_of("test_plain"), 5.0)
        self.assertEqual(self.deadline_of("test_own"), 2.0)
        self.set(DEADLINE="9")
        self.assertEqual(self.deadline_of("test_plain"), 9.0)
        self.assertEqual(self.deadline_of("test_own"), 9.0)

    def test_an_instance_may_differ(self):
        """A setting assigned to the instance holds for it, and is validated when it is used."""
        case = self.Case("test_plain")
        case.deadline = 3.0
        self.assertEqual(settings_of(case, {}).deadline, 3.0)
        case.deadline = True
        self.assertRefused(TypeError, f"deadline is True, {SECONDS}", settings_of, case, {})

    def test_a_value_that_cannot_be_hashed(self):
        """A list where a tuple belongs gives the error about the list, and not one about hashing."""
        case = self.Case("test_plain")
        case.allowed_leaks = []
        self.assertRefused(TypeError, f"allowed_leaks is [], {ALLOWANCES}", settings_of, case, {})

    def test_settings_of_a_block(self):
        """`no_leaks(**settings)` is checked, and overridden by the environment."""
        self.assertEqual(settings_from({"deadline": 1.0}).deadline, 1.0)
        self.set(DEADLINE="9")
        self.assertEqual(settings_from({"deadline": 1.0}).deadline, 9.0)
        with self.assertRaisesRegex(TypeError, "did you mean 'deadline'"):
            settings_from({"deadlin": 1.0})
