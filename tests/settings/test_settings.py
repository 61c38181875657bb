"""The settings of a test: the narrowest place that sets one wins."""

from asynctestkit import HygienicAsyncTestCase
from asynctestkit.lifecycle.decorators import hygiene, overrides_of
from asynctestkit.settings import Settings, settings_from, settings_of
from tests.settings.test_environment import SettingsTestCase
from tests.settings.test_values import ALLOWANCES, SECONDS


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
        """Without any, the defaults apply, and the class's attributes are the same."""
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
        """A setting assigned to the instance applies to it, and is validated when it is used."""
        case = self.Case("test_plain")
        case.deadline = 3.0
        self.assertEqual(settings_of(case, {}).deadline, 3.0)
        case.deadline = True
        self.assertRefused(TypeError, f"deadline is True, {SECONDS}", settings_of, case, {})

    def test_a_value_that_cannot_be_hashed(self):
        """A list in the place of a tuple is rejected as a list, and not as unhashable."""
        case = self.Case("test_plain")
        case.allowed_leaks = []
        self.assertRefused(TypeError, f"allowed_leaks is [], {ALLOWANCES}", settings_of, case, {})

    def test_settings_of_a_block(self):
        """The settings of `no_leaks` are checked, and overridden by the environment."""
        self.assertEqual(settings_from({"deadline": 1.0}).deadline, 1.0)
        self.set(DEADLINE="9")
        self.assertEqual(settings_from({"deadline": 1.0}).deadline, 9.0)
        with self.assertRaisesRegex(TypeError, "did you mean 'deadline'"):
            settings_from({"deadlin": 1.0})
