"""How messages name things."""

import asyncio
import unittest

from asynctestkit.assertions.wording import Subject, after, counted, shown, standing_lines
from asynctestkit.stacks.await_chain import AwaitChain
from asynctestkit.stacks.places import Place
from tests.assertions.clock import JumpingTestCase, normalised


async def nothing():
    pass


class SubjectTests(JumpingTestCase):
    clock = "virtual"

    async def test_names(self):
        """Coroutines are named by their function, tasks by their name, others by their class."""
        coroutine, task = nothing(), self.loop.create_task(nothing(), name="bg")
        defined = ", defined at test_wording.py:N in nothing,"
        for awaitable, name, whole in (
            (coroutine, "nothing()", f"nothing(){defined}"),
            (task, "task 'bg'", f"task 'bg'{defined}"),
            (self.loop.create_future(), "the Future", "the Future"),
            (asyncio.Event(), "the awaitable Event", "the awaitable Event"),
        ):
            subject = Subject(awaitable)
            self.assertEqual((subject.name, normalised(str(subject))), (name, whole))
        coroutine.close()
        await task


class WordingTests(unittest.TestCase):
    def test_values_are_cut(self):
        """A long repr is cut and its length given; one that raises does no harm."""

        class Broken:
            def __repr__(self):
                raise ValueError

        self.assertEqual(shown("x"), "'x'")
        self.assertEqual(shown("x" * 200), f"'{'x' * 199}… (202 characters)")
        self.assertIn("Broken object at", shown(Broken()))

    def test_durations_and_counts(self):
        """Durations and counts are shown with meaningful precision."""
        self.assertEqual([after(0.0001), after(1.23456)], ["at once", "after 1.23 s"])
        self.assertEqual([counted(1, "item"), counted(2, "item")], ["1 item", "2 items"])

    def test_where_it_stood(self):
        """A position is shown as an await chain, as in every report; an unknown one has no lines."""
        self.assertEqual(list(standing_lines(AwaitChain((), ""))), [])
        chain = AwaitChain((Place("/no/such/x.py", 1, "f"),), "sleep(1)")
        self.assertEqual(
            list(standing_lines(chain)),
            ["it stood at:", "  /no/such/x.py:1 in f", "  which waits on sleep(1)"],
        )


if __name__ == "__main__":
    unittest.main()
