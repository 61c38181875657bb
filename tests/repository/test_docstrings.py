"""Law 5, for docstrings: their examples run, and their other blocks are compared with the code."""

import ast
import doctest
import importlib
import inspect
import json
import re
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import asynctestkit
from asynctestkit import exceptions, mocks, pytest_plugin
from asynctestkit.adoption import baseline
from asynctestkit.leaks.leak import Leak
from asynctestkit.settings import NAMES, Settings
from tests.repository.tree import PACKAGE, Module, modules


def blocks(docstring: str) -> list[str]:
    """The blocks: indented by four spaces after an empty line; doctest's examples are none."""
    found = re.findall(r"(?:\A|\n)\n((?:    .*(?:\n|\Z)|\n)+)", f"\n{docstring}")
    return [block for block in found if block.strip() and ">>>" not in block]


def modules_with_blocks(package: tuple[Module, ...]) -> set[str]:
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return {
        module.name
        for module in package
        for node in ast.walk(module.tree)
        if isinstance(node, documented) and blocks(ast.get_docstring(node) or "")
    }


class ExamplesTests(unittest.TestCase):
    maxDiff = None

    def test_they_print_what_they_show(self):
        """Every `>>>` of the package runs, with the names of its module, and there are some."""
        runner = doctest.DocTestRunner(verbose=False)
        said: list[str] = []
        for module in modules():
            if ">>> " not in module.source:
                continue
            imported = importlib.import_module(f"{PACKAGE}.{module.name}".rstrip("."))
            names = {name: getattr(imported, name) for name in dir(imported)}  # those loaded lazily as well
            for example in doctest.DocTestFinder(exclude_empty=True).find(imported, globs=names):
                runner.run(example, out=said.append)
        self.assertEqual("".join(said), "")
        self.assertGreater(runner.summarize(verbose=False).attempted, 8)


class BlocksTests(unittest.TestCase):
    """One test for each module that shows a block."""

    CHECKED = {"exceptions", "adoption.baseline", "pytest_plugin"}

    def test_each_is_held_against_the_code(self):
        """A block of another module needs a test here, or has to be a doctest example."""
        self.assertEqual(modules_with_blocks(modules()), self.CHECKED)

    def test_the_tree_of_exceptions(self):
        """The tree has every exception of the module, below the class that it derives from."""
        (tree,) = blocks(exceptions.__doc__)
        path: list[str] = []
        shown: dict[str, str] = {}
        for line in tree.splitlines():
            name = re.search(r"\w+", line)
            if name is not None and re.match(r"[A-Z]\w+(Error|Warning)$", name[0]):
                depth = (name.start() - 4) // 6
                path[depth:] = [name[0]]
                shown[name[0]] = path[-2] if depth else "Exception"
        defined = {name: getattr(exceptions, name).__mro__[1].__name__ for name in exceptions.__all__}
        self.assertEqual(shown, {"AssertionError": "Exception", "UserWarning": "Exception", **defined})

    def test_the_file_of_a_baseline(self):
        """The block is a valid baseline, except for the line that stands for others."""
        (file,) = blocks(baseline.__doc__)
        text = re.sub(r",\n\s*…\n", "\n", file)
        self.assertEqual(set(json.loads(text)["leaks"][0]), {"kind", "file", "function", "name", "reason"})
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "leaks.json")
            path.write_text(text, encoding="utf-8")
            self.assertEqual(len(baseline.Baseline.read(str(path)).entries), 1)

    def test_the_command_of_pytest(self):
        """The command loads the plug-in, with an option that the plug-in has."""
        group = mock.Mock()
        pytest_plugin.pytest_addoption(mock.Mock(getgroup=mock.Mock(return_value=group)))
        choices = {call.args[0]: call.kwargs.get("choices") for call in group.addoption.call_args_list}
        (command,) = blocks(pytest_plugin.__doc__)
        *loading, option = command.split()
        self.assertEqual(loading, ["pytest", "-p", pytest_plugin.__name__])
        name, _, value = option.partition("=")
        self.assertIn(value, choices[name])


class ReferenceTests(unittest.TestCase):
    """What `python -m pydoc` shows first, as it does not show the docstrings of attributes."""

    def test_every_public_name_is_in_its_place(self):
        """The package's docstring has every public name; the detectors have a line together."""
        names = [name for name in asynctestkit.__all__ if not re.fullmatch(r"[A-Z]\w+Leaks", name)]
        self.assertEqual([name for name in names if not re.search(rf"\b{name}", asynctestkit.__doc__)], [])

    def test_every_setting_is_explained(self):
        """Every setting has one line, in the order of their definition."""
        self.assertEqual(re.findall(r"(?m)^([a-z_]+) {2,}\S", inspect.getdoc(Settings)), [*NAMES])

    def test_every_field_of_a_leak_is_explained(self):
        """Every field has one line, in the order of their definition."""
        self.assertEqual(re.findall(r"(?m)^([a-z_]+) {2,}\S", inspect.getdoc(Leak)), [*Leak.__match_args__])

    def test_mocks_are_explained(self):
        """The functions of `asynctestkit.mocks` have docstrings of their own."""
        self.assertEqual([name for name in mocks.__all__ if not getattr(mocks, name).__doc__], [])


class DocstringCheckerTests(unittest.TestCase):
    def test_blocks_are_seen(self):
        """A block is set off by an empty line; one of doctest's is run, and continued lines are prose."""
        self.assertEqual(blocks("Text:\n\n    code\n    more\n\nText."), ["    code\n    more\n\n"])
        self.assertEqual(blocks("Text:\n\n    >>> code\n\nText."), [])
        self.assertEqual(blocks("name  meaning\n      continued\n"), [])
        source = 'def f():\n    """Text:\n\n        code\n\n    Text."""\n'
        self.assertEqual(modules_with_blocks((Module("x/y.py", source), Module("x/z.py", "z = 1"))), {"y"})
