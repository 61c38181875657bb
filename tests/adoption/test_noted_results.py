"""The recorded outcome of each test of a run."""

import io
import unittest

from asynctestkit.adoption.noted_results import NotedTest, noting


class NotingTests(unittest.TestCase):
    def noted(self, *cases):
        notes = []
        result = noting(unittest.TextTestResult, notes)
        load = unittest.TestLoader().loadTestsFromTestCase
        stream = io.StringIO()
        unittest.TextTestRunner(stream, resultclass=result).run(unittest.TestSuite(map(load, cases)))
        self.printed = stream.getvalue()
        return notes

    def test_every_outcome(self):
        """Each outcome is recorded by its name, with what unittest prints about it."""

        class Suite(unittest.TestCase):
            def test_a_pass(self):
                pass

            def test_b_failure(self):
                self.fail("wrong")

            def test_c_error(self):
                raise KeyError("key")

            def test_d_skip(self):
                self.skipTest("why")

            @unittest.expectedFailure
            def test_e_expected(self):
                self.fail("expected")

            @unittest.expectedFailure
            def test_f_unexpected(self):
                pass

        notes = self.noted(Suite)
        self.assertEqual(
            [note.outcome for note in notes], ["passed", "failure", "error", "skipped", "passed", "failure"]
        )
        self.assertEqual(notes[0].case, f"{__name__}.{Suite.__qualname__}")
        self.assertEqual([note.method for note in notes[:2]], ["test_a_pass", "test_b_failure"])
        self.assertIn("AssertionError: wrong", notes[1].text)
        self.assertIn("KeyError: 'key'", notes[2].text)
        self.assertEqual([note.text for note in notes[3:]], ["why", "", "unexpected success"])
        self.assertIn("FAILED (failures=1, errors=1, skipped=1, expected failures=1", self.printed)
        self.assertTrue(all(note.seconds >= 0 for note in notes))

    def test_subtests(self):
        """Subtests that fail are recorded in the entry of their test."""

        class Suite(unittest.TestCase):
            def test(self):
                with self.subTest("passes"):
                    pass
                with self.subTest("fails"):
                    self.fail("wrong")
                with self.subTest("raises"):
                    raise KeyError("key")

        (note,) = self.noted(Suite)
        self.assertEqual(note.outcome, "error")
        for text in ("[fails]", "AssertionError: wrong", "[raises]", "KeyError: 'key'"):
            self.assertIn(text, note.text)

    def test_a_fixture_that_fails(self):
        """A fixture that fails has an entry of its own."""

        class Suite(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                raise KeyError("key")

            def test(self):
                pass

        (note,) = self.noted(Suite)
        self.assertEqual((note.outcome, note.method.rstrip(")")), ("error", "Suite"))

    def test_a_test_that_nothing_started(self):
        """`stopTest` without `startTest`, which some suites call, is ignored."""
        result = noting(unittest.TextTestResult, [])(io.StringIO(), False, 0)
        result.stopTest(self)
        self.assertEqual(NotedTest("a.B.c").case, "a.B")
