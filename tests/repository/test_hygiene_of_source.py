"""Small rules that keep the source readable: files stay short, nothing is left undone, names are specific,
and every exemption from a tool carries its reason.
"""

import ast
import re
import unittest

from tests.repository.tree import Module, modules

FILE_LIMIT = 250
TEST_FILE_LIMIT = 400
CLASS_LIMIT = 200
CASE_LIMIT = 150

VAGUE = re.compile(r"_*(utils?|helpers?|managers?|common|misc|base)_*")
UNDONE = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
CODES = r"(?:\[[^]]*\]|:(?:[\s,]*[A-Z]+\d+)+)?"
EXEMPTION = re.compile(rf"#\s*(?:pragma: no (?:cover|branch)|type:\s*ignore|noqa)\b{CODES}")


def too_long(module: Module) -> list[str]:
    faults = []
    lines = module.source.count("\n")
    limit = FILE_LIMIT if module.path.startswith("asynctestkit/") else TEST_FILE_LIMIT
    if module.path == "asynctestkit/case.py":
        limit = CASE_LIMIT - 1
    if lines > limit:
        faults.append(f"{module.path}: {lines} lines")
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > CLASS_LIMIT:
                faults.append(f"{module.path}:{node.lineno}: {node.name} has {length} lines")
    return faults


def left_undone(module: Module) -> list[str]:
    """Open work that comments and docstrings mention."""
    if not UNDONE.search(module.source):
        return []
    texts = list(module.comments.items())
    for node in ast.walk(module.tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            texts.append((getattr(node, "lineno", 1), ast.get_docstring(node) or ""))
    return [f"{module.path}:{line}: {found[0]}" for line, text in texts if (found := UNDONE.search(text))]


def unreasoned_exemptions(module: Module) -> list[str]:
    """Exemptions from coverage, mypy or ruff without a reason."""
    if not EXEMPTION.search(module.source):
        return []
    faults = []
    for line, comment in module.comments.items():
        exemptions = list(EXEMPTION.finditer(comment))
        # Several on one line share the reason that follows the last.
        if exemptions and not re.search(r"[a-z]{2}", comment[exemptions[-1].end() :], re.IGNORECASE):
            faults.append(f"{module.path}:{line}: {comment}")
    return faults


def vague_name(module: Module) -> list[str]:
    return [module.path] if any(VAGUE.fullmatch(part) for part in module.name.split(".")) else []


class HygieneOfSourceTests(unittest.TestCase):
    maxDiff = None

    def assertClean(self, check, *folders):
        found = [fault for folder in folders for module in modules(folder) for fault in check(module)]
        self.assertEqual(found, [])

    def test_pages_are_short(self):
        """No file and no class exceeds its limit of lines, `case.py` included."""
        self.assertClean(too_long, "asynctestkit", "tests", "examples")

    def test_nothing_is_left_undone(self):
        """No comment or docstring mentions open work."""
        self.assertClean(left_undone, "asynctestkit", "tests", "examples")

    def test_exemptions_carry_reasons(self):
        """An exemption of a line from coverage, mypy or ruff has a reason."""
        self.assertClean(unreasoned_exemptions, "asynctestkit", "tests", "examples")

    def test_module_names_say_something(self):
        """No module has a name that fits any content."""
        self.assertClean(vague_name, "asynctestkit", "tests", "examples")


class HygieneOfSourceCheckerTests(unittest.TestCase):
    def check(self, check, source, path="asynctestkit/x.py"):
        return len(check(Module(path, source)))

    def test_long_pages_are_found(self):
        """A file, a class and `case.py` each have a limit, which may be reached and not exceeded."""
        self.assertEqual(self.check(too_long, "x\n" * 250), 0)
        self.assertEqual(self.check(too_long, "x\n" * 251), 1)
        self.assertEqual(self.check(too_long, "x\n" * 400, "tests/test_x.py"), 0)
        self.assertEqual(self.check(too_long, "x\n" * 401, "tests/test_x.py"), 1)
        self.assertEqual(self.check(too_long, "class A:\n" + "    x\n" * 199), 0)
        self.assertEqual(self.check(too_long, "class A:\n" + "    x\n" * 200), 1)
        self.assertEqual(self.check(too_long, "x\n" * 149, "asynctestkit/case.py"), 0)
        self.assertEqual(self.check(too_long, "x\n" * 150, "asynctestkit/case.py"), 1)

    def test_work_put_off_is_found(self):
        """Comments and docstrings are searched; other strings are data."""
        self.assertEqual(self.check(left_undone, "x = 1  # TODO: more"), 1)
        self.assertEqual(self.check(left_undone, 'def f():\n    """FIXME"""'), 1)
        self.assertEqual(self.check(left_undone, 'x = "XXX"'), 0)

    def test_exemptions_without_reason_are_found(self):
        """An error code is no reason; words after it are."""
        for bare in (
            "# pragma: no cover",
            "# type: ignore[attr-defined]",
            "# noqa",
            "# noqa: F401, E501",
            "# type: ignore  # noqa: F401",
        ):
            with self.subTest(bare):
                self.assertEqual(self.check(unreasoned_exemptions, f"x = 1  {bare}"), 1)
                self.assertEqual(self.check(unreasoned_exemptions, f"x = 1  {bare}  # as 3.10 has none"), 0)

    def test_vague_names_are_found(self):
        """Singular, plural and private forms are vague, and so is a folder's name."""
        for path in ("asynctestkit/utils.py", "asynctestkit/_helper.py", "asynctestkit/common/x.py"):
            with self.subTest(path):
                self.assertEqual(self.check(vague_name, "", path), 1)
        self.assertEqual(self.check(vague_name, "", "asynctestkit/base_events.py"), 0)
