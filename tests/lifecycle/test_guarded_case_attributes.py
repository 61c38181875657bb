"""Attributes of a suite's own are left alone, and are not even asked for unless unittest does."""

import unittest
from unittest import mock

from asynctestkit import HygienicAsyncTestCase
from asynctestkit.loops.loop import HygienicEventLoop
from tests.case_runs import run


class AttributesTests(unittest.TestCase):
    def test_a_seed_of_the_suites_own(self):
        """A suite's own attribute `seed` is left alone, whatever its value."""

        class Databases:
            rows = 0

            async def seed(self):
                self.rows = 3

            async def asyncSetUp(self):
                await self.seed()

            async def test(self):
                self.assertEqual(self.rows, 3)

        class Computed:
            @property
            def seed(self):
                return "its own"

            async def test(self):
                self.assertEqual(self.seed, "its own")

        for suite in (Databases, Computed):
            case = type(suite.__name__, (suite, HygienicAsyncTestCase), {})
            self.assertEqual(run(case).kinds, ["ok"], suite.__name__)

    def test_a_sub_test_outside_of_a_run(self):
        """A failure in a subtest outside of a run is raised as it is."""
        case = HygienicAsyncTestCase("run")
        with self.assertRaisesRegex(ValueError, "its own"), case.subTest("message", number=1):
            raise ValueError("its own")

    def test_a_clock_of_the_suites_own(self):
        """A clock that the set-up assigns replaces ours, and may be deleted before the end."""

        class Case(HygienicAsyncTestCase):
            def setUp(self):
                self.clock = "its own"

            async def test(self):
                self.assertEqual(self.clock, "its own")

            def tearDown(self):
                del self.clock

        self.assertEqual(run(Case).kinds, ["ok"])

    def test_an_id_of_the_suites_own(self):
        """Whatever a suite calls `id`, its tests run; one that works names the test in a report."""

        class Rows:
            id = 42

            async def test(self):
                pass

        class Later:
            def id(self):
                return f"{self.database}/{super().id()}"

            def setUp(self):
                self.database = "db"

            async def test(self):
                pass

        for suite in (Rows, Later):
            case = type(suite.__name__, (suite, HygienicAsyncTestCase), {})
            result = unittest.TestResult()
            case("test").run(result)
            self.assertEqual((result.testsRun, result.errors, result.failures), (1, [], []))

    def test_any_attribute(self):
        """A `__getattr__` that knows every name, or raises what it likes, is not asked for ours."""

        class Fields:
            fields = {"first": 1}

            def __getattr__(self, name):
                if name.startswith("__"):
                    raise AttributeError(name)
                return self.fields[name]

            async def test(self):
                self.assertEqual(self.first, 1)

        class Delegating:
            client = mock.MagicMock()

            def __getattr__(self, name):
                if name.startswith("__"):
                    raise AttributeError(name)
                return getattr(self.client, name)

            async def test(self):
                self.get("/")
                self.assertIsInstance(self._asyncioTestLoop, HygienicEventLoop)

        for suite in (Fields, Delegating):
            case = type(suite.__name__, (suite, HygienicAsyncTestCase), {})
            finished = run(case)
            self.assertEqual(finished.kinds, ["ok"], finished.outcomes)

    def test_a_loop_factory_of_one_instance(self):
        """It is used like that of a class."""

        class Case(HygienicAsyncTestCase):
            async def test(self):
                self.assertIs(self._asyncioTestLoop, self.loop)

        case = Case("test")
        case.loop = HygienicEventLoop()
        case.loop_factory = lambda: case.loop
        finished = run(case)
        self.assertEqual(finished.kinds, ["ok"], finished.outcomes)

    def test_descriptors(self):
        """A descriptor of a base class that raises for it is not asked when a class is derived."""

        class Required:
            def __get__(self, instance, owner):
                raise LookupError("define it in a subclass")

        class Base(HygienicAsyncTestCase):
            available_apps = seed = deadlines = Required()

        class Case(Base):
            available_apps = ["a"]
            deadlines = [1]

            async def test(self):
                self.assertEqual(self.available_apps, ["a"])

        self.assertEqual(run(Case).kinds, ["ok"])
