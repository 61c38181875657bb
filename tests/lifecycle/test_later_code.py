"""Code of a suite's that runs after the sweep finds its loop as it was."""

import asyncio
import unittest

from asynctestkit import HygieneMixin, HygienicAsyncTestCase
from asynctestkit.cpython.versions import HAS_RUNNER
from tests.case_runs import run


class _Tests:
    """Use the loop's executor, which is there for later code as well."""

    async def asyncSetUp(self):
        self.loop = asyncio.get_running_loop()

    async def test_with_a_job(self):
        self.assertEqual(await asyncio.to_thread(int, "3"), 3)

    def test_without(self):
        pass

    def use_loop(self):
        self.loop.run_until_complete(self.loop.run_in_executor(None, int, "3"))


class LaterCodeTests(unittest.TestCase):
    def assertUsable(self, case):
        finished = run(case)
        self.assertEqual((finished.kinds, finished.warned), (["ok", "ok"], []))

    def test_an_override_of_the_tear_down_of_the_loop(self):
        """A class may use the loop, and its executor, just before it is closed."""

        class Case(_Tests, HygienicAsyncTestCase):
            def _tearDownAsyncioRunner(self):
                if HAS_RUNNER:
                    self.use_loop()
                super()._tearDownAsyncioRunner()

            def _tearDownAsyncioLoop(self):
                self.use_loop()
                super()._tearDownAsyncioLoop()

        self.assertUsable(Case)

    def test_an_override_of_the_cleanups(self):
        """A class may use the loop after all cleanups, or after each."""

        class AfterAll(_Tests, HygienicAsyncTestCase):
            def doCleanups(self):
                done = super().doCleanups()
                self.use_loop()
                return done

        class AfterEach(_Tests, HygienicAsyncTestCase):
            def _callCleanup(self, *args, **options):
                super()._callCleanup(*args, **options)
                self.use_loop()

        self.assertUsable(AfterAll)
        self.assertUsable(AfterEach)

    def test_the_override_of_a_class_behind_the_mixin(self):
        """So may a class that the mixin stands in front of."""

        class Framework(_Tests, unittest.IsolatedAsyncioTestCase):
            def doCleanups(self):
                done = super().doCleanups()
                self.use_loop()
                return done

        class Behind(HygieneMixin, Framework):
            pass

        class BehindAll(HygienicAsyncTestCase, Framework):
            pass

        self.assertUsable(Behind)
        self.assertUsable(BehindAll)

    @unittest.skipUnless(HAS_RUNNER, "from Python 3.11")
    def test_a_shared_loop_from_the_factory(self):
        """A loop that outlives the tests keeps its executor, its generators, and the tasks of the suite."""
        shared = asyncio.new_event_loop()
        self.addCleanup(shared.close)
        of_the_suite = shared.create_task(asyncio.sleep(3600))

        class Case(_Tests, HygienicAsyncTestCase):
            @staticmethod
            def loop_factory():
                return shared

            def _tearDownAsyncioRunner(self):
                self._asyncioRunner = None

        self.assertUsable(Case)
        self.assertUsable(Case)
        self.assertFalse(of_the_suite.done())
        of_the_suite.cancel()
        shared.run_until_complete(shared.shutdown_default_executor())
