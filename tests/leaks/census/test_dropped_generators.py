"""What is noted of asynchronous generators, also while they are being finalized."""

import asyncio
import gc
import unittest
import weakref

from asynctestkit.leaks.census.dropped_generators import GeneratorNotes, generator_notes
from tests.leaks.contract import Inner, run_body


async def rows():
    yield 1


async def lines():
    yield 1


class NotesTests(unittest.TestCase):
    def test_each_has_its_own(self):
        """A generator's site and report are its own, and are gone when the notes are cleared."""
        notes, dropped, other, site = GeneratorNotes(), rows(), rows(), ["test"]
        notes.note_left(dropped, site)
        notes.note_reported(dropped)
        self.assertEqual([*map(notes.site_of, (dropped, other))], [site, None])
        self.assertEqual([*map(notes.is_reported, (dropped, other))], [True, False])
        notes.clear()
        self.assertEqual((notes.site_of(dropped), notes.is_reported(dropped)), (None, False))

    def test_another_with_the_same_address(self):
        """What is noted of one is not taken for that of another, of other code or dropped later."""
        notes, dropped, later = GeneratorNotes(), rows(), lines()
        notes.left_at[id(later)] = dropped.ag_code, ["test"]
        notes.reported[id(later)] = dropped.ag_code
        self.assertEqual((notes.site_of(later), notes.is_reported(later)), (None, False))
        notes.note_reported(dropped)
        notes.note_left(dropped, ["tearDown"])
        self.assertFalse(notes.is_reported(dropped))


class FinalizedTests(unittest.TestCase):
    def test_no_weak_reference_to_one_that_may_be_freed(self):
        """While it is finalized none is made: it would not be cleared if another thread drops it first."""
        counts = []

        async def test(case):
            loop = asyncio.get_running_loop()

            def call_soon_threadsafe(callback, *args):
                counts.extend(map(weakref.getweakrefcount, gc.get_referents(*args)))
                return loop.call_soon(callback, *args)

            loop.call_soon_threadsafe = call_soon_threadsafe
            generator = rows()
            await anext(generator)
            del generator
            await asyncio.sleep(0)
            del loop.call_soon_threadsafe

        outcome = run_body(test)
        self.assertEqual(set(counts), {0})
        self.assertEqual([leak.kind for leak in outcome.leaks], ["async_generator"])
        self.assertTrue(generator_notes.reported)

    def test_the_notes_end_with_the_next_test(self):
        """A later test finds none of an earlier one."""
        generator_notes.note_reported(rows())
        run_body(Inner.test)
        self.assertFalse(generator_notes.reported)


if __name__ == "__main__":
    unittest.main()
