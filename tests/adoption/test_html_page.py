"""`--html`: the page."""

import html.parser
import unittest

from asynctestkit import Place
from asynctestkit.adoption.html_page import page_of
from tests.adoption.records import leak, record

EMPTY = {"meta", "!doctype"}


class _Checker(html.parser.HTMLParser):
    """Collects tags, and the elements that are not closed."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.attributes, self.texts = [], [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag

    def handle_data(self, data):
        self.texts.append(data)


class PageTests(unittest.TestCase):
    def test_each_place_can_be_opened(self):
        """Each place can be unfolded, with its await chains, its tests and its remedy."""
        stands = (Place("/project/shop/feed.py", 12, "beat"),)
        reported = [("T.a", leak(waiting_at=stands, waits_on="sleep(30)")), ("T.b", leak()), ("T.b", leak())]
        reported += [("T.c", leak(kind="server", name="*:80", remedy=""))]
        page = _Checker(page_of(record(*reported)))
        self.assertEqual((page.open, page.tags.count("details"), page.tags.count("li")), ([], 2, 3))
        text = "".join(page.texts)
        for part in (
            "10 tests, 3 leaky (4 leaks at 2 places)", "shop/feed.py:9 in connect", "3 in 2 tests",
            "1 in 1 test", "feed.py:12 in beat", "which waits on sleep(30)", "await it", "2 times",
        ):  # fmt: skip
            self.assertIn(part, text)

    def test_names_are_text(self):
        """Names from the suite are escaped."""
        page = _Checker(
            page_of(record(("T.<b>", leak(name="<script>alert(1)</script>", function="<lambda>"))))
        )
        self.assertEqual((page.open, page.tags.count("script"), page.tags.count("b")), ([], 1, 0))

    def test_it_loads_nothing_else(self):
        """The page has no address of another page, and loads nothing."""
        page = page_of(record(("T.a", leak())))
        self.assertNotIn("http", page)
        self.assertFalse({"src", "href"} & {name for name, _ in _Checker(page).attributes})

    def test_it_is_for_dark_and_light_and_for_paper(self):
        """The style covers dark and light screens and print."""
        page = page_of(record())
        for part in ("prefers-color-scheme: dark", "color-scheme: light dark", "@media print", "beforeprint"):
            self.assertIn(part, page)

    def test_a_run_that_was_stopped(self):
        """The page says that a run was stopped; that of a clean run has no places."""
        made = record()
        self.assertNotIn("stopped", page_of(made))
        made.is_complete = False
        page = page_of(made)
        self.assertIn("The run was stopped before its end.", page)
        self.assertNotIn("By kind", page)

    def test_what_is_new(self):
        """With a baseline, new places are marked."""
        reported = ("T.a", leak())
        self.assertNotIn('<span class="new">', page_of(record(reported)))
        self.assertIn('<span class="new">', page_of(record(reported, is_known=lambda row: False)))
        self.assertNotIn('<span class="new">', page_of(record(reported, is_known=lambda row: True)))
