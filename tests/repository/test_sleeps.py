"""Law 6: no test sleeps to synchronise. A sleep that a test really waits for makes it slow or flaky; virtual
time, events and `settle()` do neither.

A sleep of less than a minute needs virtual time (`clock = "virtual"` in the class, or a decorator that says
so) or a comment `# waits: REASON` on one of its lines. A longer one stands for "hangs".
"""

import ast
import unittest

from tests.repository.tree import Module, modules

EXEMPTION = "# waits: "
LONG_ENOUGH_TO_HANG = 60


def is_virtual(node: ast.AST) -> bool:
    """Whether a class or function is on the virtual clock."""
    settings = [
        (setting.arg, setting.value)
        for decorator in getattr(node, "decorator_list", [])
        if isinstance(decorator, ast.Call)
        for setting in decorator.keywords
    ]
    if isinstance(node, ast.ClassDef):
        settings += [(ast.unparse(s.targets[0]), s.value) for s in node.body if isinstance(s, ast.Assign)]
    return any(name == "clock" and ast.unparse(value) == "'virtual'" for name, value in settings)


def sleep_names(tree: ast.Module) -> set[str]:
    """The names by which this module calls `asyncio.sleep` and `time.sleep`."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {f"{a.asname or a.name}.sleep" for a in node.names if a.name in ("asyncio", "time")}
        elif isinstance(node, ast.ImportFrom) and node.module in ("asyncio", "time"):
            names |= {a.asname or a.name for a in node.names if a.name == "sleep"}
    return names


def dotted(function: ast.expr) -> str:
    """The dotted name, such as `time.sleep`; "" for any other expression."""
    if isinstance(function, ast.Attribute):
        return f"{dotted(function.value)}.{function.attr}"
    return function.id if isinstance(function, ast.Name) else ""


def real_sleeps(module: Module) -> list[str]:
    names = sleep_names(module.tree)
    found = []
    left: list[ast.AST] = [module.tree]
    while left:
        node = left.pop()
        if is_virtual(node):
            continue
        left += ast.iter_child_nodes(node)
        if not (isinstance(node, ast.Call) and dotted(node.func) in names):
            continue
        for duration in [*node.args[:1], *(k.value for k in node.keywords if k.arg in ("delay", "secs"))]:
            number = isinstance(duration, ast.Constant) and isinstance(duration.value, (int, float))
            waits = number and 0 < duration.value < LONG_ENOUGH_TO_HANG
            lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
            if waits and not any(EXEMPTION in module.comments.get(line, "") for line in lines):
                found.append(f"{module.path}:{node.lineno}: {ast.unparse(node)}")
    return sorted(found)


class SleepsTests(unittest.TestCase):
    maxDiff = None

    def test_no_test_sleeps_to_synchronise(self):
        """No test and no example sleeps on the real clock without a reason."""
        files = modules("tests") + modules("examples")
        self.assertEqual([sleep for module in files for sleep in real_sleeps(module)], [])


class SleepsCheckerTests(unittest.TestCase):
    def found(self, source):
        return len(real_sleeps(Module("tests/test_x.py", "import asyncio, time as t\n" + source)))

    def test_short_sleeps_are_found(self):
        """A short constant sleep is found, whatever its name."""
        for source in (
            "asyncio.sleep(0.01)",
            "t.sleep(1)",
            "asyncio.sleep(delay=5, result=None)",
            "from asyncio import sleep as nap\nnap(59)",
            "class T:\n    clock = 'real'\n    async def test(self):\n        await asyncio.sleep(1)",
        ):
            with self.subTest(source):
                self.assertEqual(self.found(source), 1)

    def test_other_sleeps_are_left_alone(self):
        """A turn of the loop, a hang, virtual time and a given reason are accepted."""
        for source in (
            "asyncio.sleep(0)",
            "asyncio.sleep(3600)",
            "asyncio.sleep(seconds)",
            "sleep(1)",
            "asyncio.sleep(0.1)  # waits: a thread that tells nobody when it is done",
            "class T:\n    clock = 'virtual'\n    async def test(self):\n        await asyncio.sleep(1)",
            "@hygiene(clock='virtual')\nasync def test(self):\n    await asyncio.sleep(1)",
        ):
            with self.subTest(source):
                self.assertEqual(self.found(source), 0)
