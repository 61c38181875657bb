"""Law 2 as well: what is process-wide is changed in `cpython/`, and recorded in the registry of `changes.py`.

To assign to a name of another library's module or class is such a change, and so is to install a hook or a
handler. What is taken back before the test has ended may be done elsewhere, and says so below.
"""

import ast
import unittest

from tests.repository.tree import PACKAGE, Module, modules

HOOKS = {
    *("addaudithook", "settrace", "setprofile", "settrace_all_threads", "setprofile_all_threads"),
    *("signal", "siginterrupt", "set_wakeup_fd", "setitimer"),
    *("set_event_loop_policy", "set_asyncgen_hooks", "set_coroutine_origin_tracking_depth"),
    *("dump_traceback_later", "freeze", "unfreeze", "set_threshold"),
}
"""Functions of modules; `atexit.register` apart, as many things have a `register`."""

REGISTRY = "changes.replace"
"""The function of `cpython/changes.py` that sets an attribute, and returns the undo function."""

TAKEN_BACK = {
    "asynctestkit/assertions/logs.py": "when the block ends",
    "asynctestkit/exploration/held.py": "when the explored run ends",
    "asynctestkit/leaks/census/audit.py": "by the registry, which is given the undoing",
    "asynctestkit/leaks/census/creation_lines.py": "when the test ends",
    "asynctestkit/leaks/census/heap.py": "when the test ends",
    "asynctestkit/limits/deadline.py": "when the phase has been interrupted: tracers are put back",
    "asynctestkit/loops/virtual/patched_time.py": "when the test ends",
}
"""Files that change the process for the length of a test, with the time at which that is undone."""


def imported(tree: ast.Module) -> set[str]:
    """The names that refer to other libraries' modules, classes and functions."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            is_own = node.level or str(node.module).startswith(PACKAGE)
            if not is_own or str(node.module).endswith("originals"):
                names |= {alias.asname or alias.name for alias in node.names}
    return names


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def loops_over(tree: ast.Module, names: set[str]) -> set[str]:
    """The variables of loops over a tuple or list of `names`."""
    return {
        node.target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.For) and isinstance(node.target, ast.Name)
        if isinstance(node.iter, (ast.Tuple, ast.List))
        and any(_root(each) in names for each in node.iter.elts)
    }


def process_wide(module: Module) -> list[str]:
    foreign = imported(module.tree)
    foreign |= loops_over(module.tree, foreign)
    found = []
    for node in ast.walk(module.tree):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, (ast.AnnAssign, ast.AugAssign)):
            targets = [node.target]
        elif isinstance(node, ast.Delete):
            targets = node.targets
        elif isinstance(node, ast.Call):
            function = node.func
            name = function.attr if isinstance(function, ast.Attribute) else ""
            is_hook = name in HOOKS and _root(function) in foreign
            if is_hook or ast.unparse(function) in ("atexit.register", REGISTRY):
                found.append(f"{module.path}:{node.lineno}: {ast.unparse(function)}()")
            elif isinstance(function, ast.Name) and function.id in ("setattr", "delattr"):
                targets = [ast.Attribute(node.args[0], "…", ctx=ast.Store())]
        for target in targets:
            if isinstance(target, ast.Attribute) and _root(target) in foreign:
                found.append(f"{module.path}:{node.lineno}: {ast.unparse(target)} is set")
    return found


def violations(package: tuple[Module, ...], exempt: dict[str, str]) -> list[str]:
    outside = [module for module in package if not module.name.startswith("cpython")]
    found = {module.path: process_wide(module) for module in outside}
    wrong = [use for path, uses in found.items() if path not in exempt for use in uses]
    return wrong + [f"{path}: is exempt, and changes nothing" for path in exempt if not found.get(path)]


class ProcessWideTests(unittest.TestCase):
    maxDiff = None

    def test_the_process_is_changed_in_one_room(self):
        """No module outside of `cpython/` changes the process, except temporarily."""
        self.assertEqual(violations(modules(), TAKEN_BACK), [])


class ProcessWideCheckerTests(unittest.TestCase):
    def found(self, source, path="asynctestkit/limits/x.py"):
        return len(violations((Module(path, source),), {}))

    def test_changes_are_found(self):
        """Setting or deleting attributes of modules and classes, and installing hooks, is found."""
        for source in (
            "import asyncio\nasyncio.Handle._run = run",
            "from asyncio import Handle as H\nH._run = run",
            "from ..cpython.originals import time\nsetattr(time, name, value)",
            "import socket\ndel socket.socket.__init__",
            "import gc\ngc.callbacks += [f]",
            "import sys\ndef f():\n    sys.addaudithook(f)",
            "import atexit\natexit.register(print)",
            "import signal as s\ns.signal(2, f)",
            "from ..cpython import changes\nfor kind in KINDS:\n    changes.replace(kind, name, f)",
            "from asyncio import Lock, Event\nfor kind in (Lock, Event):\n    setattr(kind, name, f)",
        ):
            with self.subTest(source):
                self.assertEqual(self.found(source), 1)
                self.assertEqual(self.found(source, "asynctestkit/cpython/x.py"), 0)

    def test_other_assignments_are_left_alone(self):
        """Assignments to a module's own names, and the package's, are no change of the process."""
        for source in (
            "self.x = 1\nobj.y: int = 2",
            "from . import state\nstate.x = 1",
            "from asynctestkit import leaks\nleaks.x = 1",
            "import signal\nsignal.getsignal(2)\nregister(f)",
            "setattr(self, name, 1)",
        ):
            with self.subTest(source):
                self.assertEqual(self.found(source), 0)

    def test_exemptions_that_are_stale_are_found(self):
        """A file that is exempt has to need the exemption."""
        path = "asynctestkit/limits/x.py"
        source = "import sys\nsys.settrace(None)"
        self.assertEqual(violations((Module(path, source),), {path: "soon"}), [])
        self.assertEqual(
            violations((Module(path, ""),), {path: "soon"}), [f"{path}: is exempt, and changes nothing"]
        )
