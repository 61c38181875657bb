"""Settings are checked when they are given."""

from asynctestkit import HygienicAsyncTestCase, LeakDetector
from asynctestkit.leaks.allowances import Allowance
from asynctestkit.leaks.kinds import DEFAULT_DETECTORS, STRICT_DETECTORS
from asynctestkit.settings import NAMES, Settings, check
from tests.settings.test_environment import SettingsTestCase

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
    (
        "leak_detectors",
        (LeakDetector,),
        TypeError,
        f"leak_detectors holds {LeakDetector!r}, which cannot decide what is a leak: expected a class with "
        "def examine(self, obj)",
    ),
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
        "deadline is 0, expected more than 0 seconds; for no limit, say None",
    ),
    ("blocking_threshold", "0.1", TypeError, f"blocking_threshold is '0.1', {SECONDS}"),
    (
        "blocking_threshold",
        0.0,
        ValueError,
        "blocking_threshold is 0.0, expected more than 0 seconds; for no limit, say None",
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


class ValidationTests(SettingsTestCase):
    def test_every_bad_value_is_refused(self):
        """A bad value is a TypeError or ValueError with the value, what was expected, and the nearest one."""
        for name, value, error, message in BAD_VALUES:
            with self.subTest(name, value=value):
                self.assertRefused(error, message, check, {name: value})
                self.assertRefused(error, message, Settings, **{name: value})

    def test_every_good_value_is_taken(self):
        """The limits of each range are valid."""
        self.assertEqual(set(GOOD_VALUES), set(NAMES))
        for name, values in GOOD_VALUES.items():
            for value in values:
                with self.subTest(name, value=value):
                    check({name: value})
                    self.assertEqual(getattr(Settings(**{name: value}), name), value)

    def test_an_unknown_setting_is_refused(self):
        """A misspelt setting is a TypeError that names the nearest one, and lists all."""
        self.assertRefused(
            TypeError,
            f"unknown setting 'dead_line'; did you mean 'deadline'? The settings are: {', '.join(NAMES)}",
            check,
            {"dead_line": 1},
        )

    def test_a_misspelt_class_attribute_is_refused(self):
        """A misspelt class attribute is rejected when the class is created, with the right name."""
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
        """Other words and values, constants, helpers, and attributes of a base class are accepted."""
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
        """A bad class attribute is an error when the class is created."""
        with self.assertRaisesRegex(TypeError, "^deadline is 'soon', expected a number of seconds$"):
            type("Case", (HygienicAsyncTestCase,), {"deadline": "soon"})
