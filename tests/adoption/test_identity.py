"""What identifies a leak across runs."""

import os
import sysconfig
import unittest
from fnmatch import fnmatchcase

from asynctestkit import Leak, Place
from asynctestkit.adoption.identity import Identity, identity_of, name_pattern, place_of, shown_path
from tests.adoption.records import FOLDER, leak


class NamePatternTests(unittest.TestCase):
    def test_what_a_run_counts_or_draws_is_left_out(self):
        """Counters, ports, addresses, tokens and temporary names become a star."""
        for name, pattern in (
            ("Task-17", "Task-*"),
            ("bg:heartbeat", "bg:heartbeat"),
            ("TCP 127.0.0.1:40213", "TCP *"),
            ("<Channel object at 0x7f00aa>", "<Channel object at *>"),
            ("session-3f9e1b2a", "session-*"),
            ("job b7e2f9aa-bbcc-dddd-eeee-a3f9e1b2c4d5", "job *"),
            ("/tmp/tmpa_b2xyzq/socket", "/tmp/tmp*/socket"),
            ("facade", "facade"),
        ):
            with self.subTest(name):
                self.assertEqual(name_pattern(name), pattern)

    def test_the_pattern_matches_the_name(self):
        """The pattern matches the name, also if that has characters with a meaning in patterns."""
        for name in ("a[1]*?", "Task-1", "[", "**", "queue[*]", "sleep(30)", ""):
            with self.subTest(name):
                self.assertTrue(fnmatchcase(name, name_pattern(name)))

    def test_a_star_in_a_name_stands_for_itself(self):
        """A star in a name is literal, so that a pattern accepts no more than it must."""
        self.assertFalse(fnmatchcase("abc", name_pattern("a*c")))


class PlaceTests(unittest.TestCase):
    def test_the_innermost_line_of_the_user(self):
        """The place is the innermost of the user's lines that created the leak."""
        self.assertEqual(place_of(leak()), Place("/project/shop/feed.py", 9, "connect"))

    def test_an_error_of_which_no_creation_is_known(self):
        """An error without a creation site has the line at which the user's code raised it."""
        raised = (Place("/project/shop/feed.py", 3, "parse"), Place(os.__file__, 1, "fspath"))
        self.assertEqual(place_of(Leak("callback", waiting_at=raised)), raised[0])

    def test_nothing_is_known(self):
        """A leak of which nothing is known has no place."""
        self.assertIsNone(place_of(Leak("callback")))

    def test_a_comprehension_is_no_function(self):
        """Before 3.12 a comprehension was a function: baselines are the same on every version."""
        inner = leak(function="<listcomp>")
        self.assertEqual(place_of(inner), Place("/project/shop/feed.py", 9, "test_feed"))
        alone = Leak("task", created_at=(Place("/project/a.py", 1, "<listcomp>"),))
        self.assertEqual(place_of(alone).function, "<listcomp>")


class IdentityTests(unittest.TestCase):
    def test_it_has_no_line(self):
        """A leak whose line moves keeps its identity."""
        self.assertEqual(identity_of(leak(line=9), FOLDER), identity_of(leak(line=90), FOLDER))
        self.assertEqual(
            identity_of(leak(name="Task-3"), FOLDER), Identity("task", "shop/feed.py", "connect", "Task-*")
        )

    def test_a_place_that_is_unknown(self):
        """Without a place, kind and name identify a leak."""
        self.assertEqual(identity_of(leak(file=None), FOLDER), Identity("task", "", "", "bg:feed"))

    def test_paths_are_those_of_every_machine(self):
        """Paths lose the folder of the run, of installed packages and of the standard library."""
        library = sysconfig.get_path("stdlib")
        for file, shown in (
            ("/project/shop/feed.py", "shop/feed.py"),
            (f"{library}/asyncio/tasks.py", "asyncio/tasks.py"),
            (f"{library}/site-packages/aiohttp/client.py", "aiohttp/client.py"),
            ("/usr/lib/python3/dist-packages/aiohttp/client.py", "aiohttp/client.py"),
            ("/projects/other.py", "/projects/other.py"),
        ):
            with self.subTest(file):
                self.assertEqual(shown_path(file.replace("/", os.sep), "/project"), shown)
