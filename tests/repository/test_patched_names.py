"""Law 2 as well: what a test may patch in the standard library is taken from `cpython/originals.py`.

`import time` has whatever a test has put there since; `from time import monotonic` is what freezegun looks
for in every module. A module that needs the current state says so in a comment: `# live: REASON`.
"""

import ast
import unittest

from asynctestkit.cpython import originals
from tests.repository.tree import Module, modules

NAMES = {"concurrent.futures" if name == "futures" else name for name in originals.__all__}
HOME = "asynctestkit/cpython/originals.py"
EXEMPTION = "# live: "


def live_imports(module: Module) -> list[str]:
    found = []
    for node in ast.walk(module.tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names if alias.name in NAMES]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module] if node.module == "time" else []
        if names and EXEMPTION not in module.comments.get(node.lineno, ""):
            found.append(f"{module.path}:{node.lineno}: {ast.unparse(node)}")
    return found


class PatchedNamesTests(unittest.TestCase):
    maxDiff = None

    def test_no_module_asks_what_tests_may_patch(self):
        """Every module of the package imports these modules from the place that tests do not patch."""
        found = [each for module in modules() if module.path != HOME for each in live_imports(module)]
        self.assertEqual(found, [])


class PatchedNamesCheckerTests(unittest.TestCase):
    def found(self, source):
        return len(live_imports(Module("asynctestkit/x.py", source)))

    def test_imports_are_found(self):
        """Imports are found under any name."""
        for source in (
            "import asyncio",
            "import os, sys",
            "import threading as live",
            "import concurrent.futures",
            "from time import sleep",
            "def f():\n    import gc",
        ):
            with self.subTest(source):
                self.assertEqual(self.found(source), 1)

    def test_others_are_left_alone(self):
        """Other modules, other names, the copies, and imports with a reason are accepted."""
        for source in (
            "import sys",
            "from threading import Lock",
            "from .cpython.originals import asyncio, os",
            "from .time import x",
            "import os  # live: it sets what the test sees",
        ):
            with self.subTest(source):
                self.assertEqual(self.found(source), 0)
