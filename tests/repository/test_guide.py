"""The tables of the guide agree with the code: recipes, phrases of the reports, names of methods."""

import ast
import io
import re
import tokenize
import unittest
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import asynctestkit
from asynctestkit import HygienicAsyncTestCase, mocks
from asynctestkit.settings import NAMES
from examples.__main__ import READING_ORDER
from tests.repository.tree import ROOT, Module, modules

GUIDE = ROOT / "examples" / "GUIDE.md"
RULES = 26
PUBLIC = {*asynctestkit.__all__, *mocks.__all__, *NAMES, *dir(HygienicAsyncTestCase)} - {*dir(object)}


def sections(text: str) -> dict[str, str]:
    """The text below each heading of the second level."""
    headings_and_texts = re.split(r"(?m)^## (.+)\n", text)[1:]
    return dict(zip(headings_and_texts[::2], headings_and_texts[1::2], strict=True))


def table_rows(text: str) -> list[list[str]]:
    """The cells of every row of the tables in a text, their heads and rules apart."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return [row for row in rows if row[1:] and row[0] not in ("", "the report says")]


def code_in(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


@dataclass(frozen=True)
class Recipe:
    number: int
    code: tuple[str, ...]
    example: str

    def _nodes(self) -> Iterable[ast.AST]:
        for code in self.code:
            yield from ast.walk(ast.parse(f"async def recipe():\n    {code}"))

    def names(self) -> set[str]:
        """The names of the package that the code uses."""
        names = {node.id for node in self._nodes() if isinstance(node, ast.Name)}
        attributes = {node.attr for node in self._nodes() if isinstance(node, ast.Attribute)}
        return (names | attributes) & PUBLIC

    def keywords(self) -> set[str]:
        """The arguments that it passes by name."""
        return {node.arg for node in self._nodes() if isinstance(node, ast.keyword) and node.arg}

    def faults(self, folder: Path) -> list[str]:
        """The reasons why a reader cannot find this recipe in its example."""
        file = folder / self.example
        if not file.is_file():
            return [f"{self.number}: there is no {self.example}"]
        if not self.names():
            return [f"{self.number}: nothing of the package in {self.code}"]
        words = {
            token.string
            for token in tokenize.generate_tokens(io.StringIO(file.read_text(encoding="utf-8")).readline)
            if token.type == tokenize.NAME
        }
        wanted = self.names() | self.keywords()
        return [f"{self.number}: {name} is not used in {self.example}" for name in wanted - words]


def recipes(text: str) -> list[Recipe]:
    return [
        Recipe(int(number), tuple(code_in(code)), re.findall(r"\]\(([^)]+)\)$", example)[0])
        for number, _, code, example in table_rows(text)
    ]


def templates(package: Iterable[Module]) -> list[str]:
    """The strings of the source, except docstrings, with `…` for what is filled in."""
    found = []
    for module in package:
        left: list[ast.AST] = [module.tree]
        while left:
            node = left.pop()
            if isinstance(node, ast.JoinedStr):
                found.append("".join(v.value if isinstance(v, ast.Constant) else "…" for v in node.values))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
            is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            if not is_docstring:
                left += ast.iter_child_nodes(node)
    return found


def is_said(phrase: str, said: Iterable[str]) -> bool:
    """Whether one of the templates has these words; `…` among them matches anything."""
    pattern = re.compile(".*".join(map(re.escape, phrase.split("…"))), re.DOTALL)
    return any(pattern.search(template) for template in said)


def phrases_explained() -> list[str]:
    """The phrases of reports that the guide explains."""
    rows = table_rows(sections(GUIDE.read_text(encoding="utf-8"))["What a report means"])
    return [phrase for row in rows for phrase in code_in(row[0])]


class GuideTests(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.text = GUIDE.read_text(encoding="utf-8")
        cls.sections = sections(cls.text)

    def test_each_rule_has_its_recipe(self):
        """All rules are listed in order; each names an example that uses its code."""
        found = recipes(self.sections["The rules, a line each"])
        self.assertEqual([recipe.number for recipe in found], [*range(1, RULES + 1)])
        self.assertEqual([fault for recipe in found for fault in recipe.faults(GUIDE.parent)], [])

    def test_examples_are_read_in_the_order_of_the_rules(self):
        """The reading order of the examples is that of the rules in the table."""
        named = [Path(recipe.example).stem for recipe in recipes(self.sections["The rules, a line each"])]
        self.assertEqual(READING_ORDER[:RULES], named)

    def test_words_of_the_reports_are_words_of_the_source(self):
        """Each phrase that the guide explains is one that the package prints."""
        said = templates(modules())
        phrases = phrases_explained()
        self.assertGreater(len(phrases), 50)
        self.assertEqual([phrase for phrase in phrases if not is_said(phrase, said)], [])

    def test_methods_that_it_names_are_there(self):
        """The methods that the prose calls on `self` are those of the test case."""
        prose = re.sub(r"(?ms)^```.*?^```$|^<!--.*?-->$", "", self.text)
        called = {name for code in code_in(prose) for name in re.findall(r"self\.(\w+)\(", code)}
        self.assertGreater(len(called), 20)
        self.assertEqual([name for name in called if not hasattr(HygienicAsyncTestCase, name)], [])

    def test_contents(self):
        """The table of contents has every section, in order, with the name of its anchor."""
        listed = re.findall(r"(?m)^- \[(.+?)\]\(#([\w-]+)\)", self.text)
        anchors = [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in self.sections]
        self.assertEqual(listed, [*zip(self.sections, anchors, strict=True)])


class GuideCheckerTests(unittest.TestCase):
    HEAD = "| | rule | in one line | example |\n|---|---|---|---|\n"

    def faults(self, code, example="sweeping.py"):
        (found,) = recipes(f"{self.HEAD}| 2 | What is pending | {code} | [sweeping]({example}) |")
        return len(found.faults(GUIDE.parent))

    def test_recipes_that_lead_nowhere_are_found(self):
        """A missing example, one that does something else, and code without the package are found."""
        self.assertEqual(self.faults("`await self.cancelPendingTasks()`"), 0)
        self.assertEqual(self.faults("`await self.cancelPendingTasks()`", "swept.py"), 1)
        self.assertEqual(self.faults("`await self.assertQueueDrains(jobs)`"), 1)
        self.assertEqual(self.faults("`await asyncio.sleep(0)`"), 1)

    def test_phrases_that_are_never_printed_are_found(self):
        """Phrases in docstrings do not count; what is filled in matches anything."""
        said = templates([Module("x.py", '"""never said"""\nx = f"took {1} s, not {2}, and held the loop"')])
        self.assertTrue(is_said("took … s, not", said))
        self.assertTrue(is_said("took … and held", said))
        self.assertFalse(is_said("took …, and went on", said))
        self.assertFalse(is_said("never said", said))
