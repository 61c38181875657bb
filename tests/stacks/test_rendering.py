"""Places and await chains as lines, from values written by hand."""

import linecache
import os
import tempfile
import unittest
from unittest import mock

from asynctestkit import Place
from asynctestkit.stacks.rendering import render_chain

CREATED = (Place("/src/test_feed.py", 12, "test_publishes"), Place("/src/feed.py", 40, "start"))


class SourceLinesTests(unittest.TestCase):
    def shown(self, columns, source="    return await queue.get()  # forever\n"):
        """The lines of a place in a file of that one line."""
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "feed.py")
            with open(file, "w", encoding="utf-8") as made:
                made.write(source)
            with mock.patch.dict(os.environ, {"COLUMNS": str(columns)}):
                lines = render_chain([Place(file, 1, "f")], "", "  ")
        linecache.checkcache()
        return lines[1:]

    def test_each_place_has_its_source_line(self):
        """The source line is below its place, indented, as in a traceback."""
        self.assertEqual(self.shown(80), ["    return await queue.get()  # forever"])

    def test_it_is_cut_to_the_width_of_the_terminal(self):
        """A line is cut to the terminal's width, which has a minimum."""
        long = "x = " + "1 + " * 100 + "1\n"
        for columns, width in ((100, 100), (10, 60)):
            (line,) = self.shown(columns, long)
            self.assertEqual((len(line), line[:12], line[-1]), (width, "    x = 1 + ", "…"))

    def test_what_cannot_be_read_is_left_out(self):
        """For an empty line, a missing line and a missing file, no source is shown."""
        self.assertEqual(self.shown(80, "\n"), [])
        self.assertEqual(render_chain([Place(__file__, 10**6, "f")], "", "")[1:], [])
        self.assertEqual(render_chain([Place("<string>", 1, "f")], "", "")[1:], [])


class RenderChainTests(unittest.TestCase):
    def test_a_long_chain(self):
        """A chain of more than nine places, as of a recursion, is shown without its middle."""
        places = [Place("/src/feed.py", line, "f") for line in range(1, 1001)]
        lines = render_chain(places, "sleep(1)", " ")
        self.assertEqual(len(lines), 10)
        self.assertEqual(lines[3:6], [" /src/feed.py:4 in f", " … 992 more …", " /src/feed.py:997 in f"])
        self.assertEqual(lines[-2:], [" /src/feed.py:1000 in f", " which waits on sleep(1)"])
        self.assertEqual(len(render_chain(places[:9], "", "")), 9)
        self.assertIn(" … 2 more …", render_chain(places[:10], "", " "))

    def test_a_chain(self):
        """Each place has a line, indented, and the operation at the end, if that is known."""
        self.assertEqual(
            render_chain(CREATED, "sleep(3600)", "> "),
            [
                "> /src/test_feed.py:12 in test_publishes",
                "> /src/feed.py:40 in start",
                "> which waits on sleep(3600)",
            ],
        )
        self.assertEqual(render_chain(CREATED[:1], "", ""), ["/src/test_feed.py:12 in test_publishes"])
        self.assertEqual(render_chain((), "", ""), [])
