"""Each test has its own random numbers, which are the same in every run, and gives the state back."""

import asyncio
import os
import random
import subprocess
import sys
import unittest
from unittest import mock

from asynctestkit import HygieneMixin, HygienicAsyncTestCase, hygiene, isolation, no_leaks
from asynctestkit.isolation import SeededRandom, seed_of
from tests.case_runs import ROOT, environment, run, run_body


class SeedTests(unittest.TestCase):
    def draw(self, base=HygienicAsyncTestCase, **members):
        drawn = []

        class Case(base):
            def setUp(self):
                drawn.append(random.random())

            async def test(self):
                drawn.extend((random.random(), self.seed))

        for name, value in members.items():
            setattr(Case, name, value)
        self.assertEqual(run(Case).kinds, ["ok"])
        return drawn

    def test_the_same_in_every_run(self):
        """Numbers are the same from before the set-up on, whatever was drawn before."""
        random.seed(1)
        first = self.draw()
        random.seed(2)
        self.assertEqual(self.draw(), first)
        self.assertEqual(first[0], random.Random(first[2]).random())

    def test_a_seed_that_is_given(self):
        """`random_seed` is the seed, without the helpers as well."""

        class Base(HygieneMixin, unittest.IsolatedAsyncioTestCase):
            pass

        self.assertEqual(self.draw(random_seed=42)[2], 42)
        self.assertEqual(self.draw(Base, random_seed=42)[0], random.Random(42).random())

    def test_a_seed_from_the_environment(self):
        """The environment's seed overrides the code's; a malformed one fails the test."""
        with mock.patch.dict(os.environ, ASYNCTESTKIT_SEED="7"):
            self.assertEqual(self.draw(random_seed=42)[2], 7)

        async def test(self):
            pass

        with mock.patch.dict(os.environ, ASYNCTESTKIT_SEED="seven"):
            self.assertIn("ASYNCTESTKIT_SEED is 'seven', expected an integer", run_body(test).text())

    def test_the_state_is_restored(self):
        """What the test draws does not affect the state outside of it."""
        random.seed(3)
        before = random.getstate()
        self.draw()
        self.assertEqual(random.getstate(), before)

    def test_the_seed_of_a_test(self):
        """The seed depends on class and method, and not on the module's name or the process."""
        self.assertNotEqual(seed_of(SeedTests, "test"), seed_of(SeedTests, "test_other"))
        self.assertNotEqual(seed_of(SeedTests, "test"), seed_of(HygieneMixin, "test"))
        program = "from tests.test_isolation_seeds import *; print(seed_of(SeedTests, 'test'))"
        for hash_seed in "12":
            ended = subprocess.run(
                [sys.executable, "-c", program],
                cwd=ROOT,
                env=environment(PYTHONHASHSEED=hash_seed),
                capture_output=True,
                text=True,
            )
            self.assertEqual(int(ended.stdout), seed_of(SeedTests, "test"), ended.stderr)

    def test_a_failure_shows_it(self):
        """A failing test that has used `random` names the seed, and how to set it; others do not."""

        async def fails(self):
            self.assertLess(random.random(), -1)

        async def leaks(self):
            random.random()
            self.task = asyncio.create_task(asyncio.sleep(3600))

        @hygiene(clock="virtual")
        async def deadlocks(self):
            random.random()
            await asyncio.Event().wait()

        async def fails_otherwise(self):
            self.fail("of another reason")

        async def skips(self):
            self.skipTest(str(random.random()))

        async def fails_in_part(self):
            with self.subTest("first", number=1):
                self.fail(str(random.random()))

        for body in (fails, leaks, deadlocks, fails_in_part):
            text = run_body(body, random_seed=42).text()
            self.assertIn("random was used; before the set-up it was seeded with 42; for the same ", text)
            self.assertIn("@hygiene(random_seed=42), or ASYNCTESTKIT_SEED=42 for the whole run", text)
        self.assertNotIn("random was used", run_body(fails_otherwise).text())
        self.assertEqual(run_body(skips).kinds, ["skip"])

    def test_a_block(self):
        """A block with a seed is seeded, and restores the state."""

        async def body(**settings):
            async with no_leaks(**settings):
                return random.random()

        random.seed(5)
        before = random.getstate()
        self.assertEqual(asyncio.run(body(random_seed=42)), random.Random(42).random())
        self.assertEqual(random.getstate(), before)
        self.assertEqual(asyncio.run(body()), random.Random(5).random())

    def test_the_state_is_restored_once_a_class(self):
        """If a suite runs the tests, `random` is restored when a class is done."""
        seen, states, before = [], [], random.getstate()

        class First(HygienicAsyncTestCase):
            async def test_one(self):
                seen.append((self.seed, random.random()))

            test_two = test_one

        class Second(First):
            @classmethod
            def setUpClass(cls):
                states.append(random.getstate())

        class Plain(unittest.TestCase):
            def test(self):
                states.append(random.getstate())

        load, result = unittest.TestLoader().loadTestsFromTestCase, unittest.TestResult()
        for _ in range(2):
            unittest.TestSuite(map(load, (First, Second, Plain, First))).run(result)
            self.assertEqual(random.getstate(), before)
        self.assertTrue(result.wasSuccessful(), result)
        self.assertEqual(states, [before] * 4)
        self.assertEqual([drawn for _, drawn in seen], [random.Random(seed).random() for seed, _ in seen])
        self.assertNotIn(isolation._IS_GIVEN_BACK, vars(First))

    def test_a_test_within_a_test(self):
        """A test of the same class that a test runs, without a suite, gives `random` back when it ends."""
        states = []

        class Case(HygienicAsyncTestCase):
            def test_outer(self):
                random.random()
                states.append(random.getstate())
                type(self)("test_inner").run(unittest.TestResult())
                states.append(random.getstate())

            async def test_inner(self):
                states.append(random.getstate())

        result = unittest.TestResult()
        unittest.TestSuite([Case("test_outer")]).run(result)
        self.assertTrue(result.wasSuccessful(), result)
        before, within, after = states
        self.assertEqual(after, before)
        self.assertEqual(within, random.Random(seed_of(Case, "test_inner")).getstate())

    def test_restore(self):
        """The state is restored."""
        before = random.getstate()
        seeded = SeededRandom(1)
        self.assertNotEqual(random.getstate(), before)
        seeded.restore()
        self.assertEqual(random.getstate(), before)
