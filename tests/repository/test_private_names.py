"""Law 2: `cpython/versions.py` alone looks at the Python version, and `cpython/` alone touches private names
of the standard library; there each has one function that names its source, and one canary test.

An object's own private names (`self._x`, `cls._x`, `super()._x`), those that the same module defines, those
with the package's prefix, and those that the library reference documents are no trespass.
"""

import ast
import re
import unittest

from tests.repository.tree import PACKAGE, Module, modules

BY_NAME = ("getattr", "setattr", "hasattr", "delattr")
VERSIONS = "cpython.versions"
OTHERS = {VERSIONS, "cpython.alarms", "cpython.changes", "cpython.originals", "cpython.wall"}
"""Modules of `cpython/` that use public names only, and belong there as they are process-wide."""
VERSION_NAMES = {"version_info", "hexversion", "python_version", "python_version_tuple"}
OWN_PREFIX = f"_{PACKAGE}"
DOCUMENTED = {"_getframe", "_current_frames", "_thread"}
CPYTHON_FILE = re.compile(r"\b(Include|Lib|Modules|Objects|Python)/[\w./]+\.(py|c|h)\b")


def is_private(name: str) -> bool:
    dunder = name.startswith("__") and name.endswith("__")
    return name.startswith("_") and not dunder and not name.startswith(OWN_PREFIX) and name not in DOCUMENTED


def version_checks(module: Module) -> list[str]:
    return [
        f"{module.path}:{node.lineno}: {name}"
        for node in ast.walk(module.tree)
        for name in _names_used(node)
        if name in VERSION_NAMES
    ]


def _names_used(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Attribute):
        return [node.attr]
    if isinstance(node, ast.ImportFrom):
        return [alias.name for alias in node.names]
    return []


def defined_names(tree: ast.Module) -> set[str]:
    """Every name that the module itself defines: functions, variables, attributes of `self` or `cls`."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and _is_own(node.value):
            names.add(node.attr)
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__slots__":
            names |= {text.value for text in ast.walk(node.value) if isinstance(text, ast.Constant)}
    return names


def _is_own(owner: ast.expr) -> bool:
    return ast.unparse(owner) in ("self", "cls", "super()")


def _is_own_import(node: ast.ImportFrom) -> bool:
    return node.level > 0 or str(node.module).split(".")[0] == PACKAGE


def private_uses(module: Module) -> list[str]:
    """Uses of private names that are not the module's own: by attribute, getattr or import."""
    own = defined_names(module.tree)
    found: list[tuple[int, str]] = []
    for node in ast.walk(module.tree):
        names = []
        if isinstance(node, ast.Attribute) and not _is_own(node.value):
            names = [node.attr]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in BY_NAME:
            owner, name = node.args[:2]
            if isinstance(name, ast.Constant) and isinstance(name.value, str) and not _is_own(owner):
                names = [name.value]
        elif isinstance(node, ast.ImportFrom) and not _is_own_import(node):
            names = [*str(node.module).split("."), *(alias.name for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [part for alias in node.names for part in alias.name.split(".")]
        found += [(node.lineno, name) for name in names if is_private(name) and name not in own]
    return [f"{module.path}:{line}: {name}" for line, name in sorted(found)]


def functions(tree: ast.Module) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """The functions that a module offers, also those in a branch; private ones are tested by their users."""
    found = []
    left: list[ast.AST] = [*tree.body]
    while left:
        node = left.pop(0)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and not is_private(node.name):
            found.append(node)
        elif isinstance(node, (ast.If, ast.Try)):
            left += ast.iter_child_nodes(node)
    return found


def unsourced(module: Module) -> list[str]:
    return [
        f"{module.path}:{function.lineno}: {function.name} names no CPython file"
        for function in functions(module.tree)
        if not CPYTHON_FILE.search(ast.get_docstring(function) or "")
    ]


def without_canary(module: Module, tests: list[Module]) -> list[str]:
    words = " ".join(
        node.name.replace("_", "").lower()
        for each in tests
        for node in ast.walk(each.tree)
        if isinstance(node, ast.ClassDef)
        or (isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test"))
    )
    names = dict.fromkeys(function.name for function in functions(module.tree))
    return [name for name in names if name.replace("_", "").lower() not in words]


def of_cpython() -> list[Module]:
    """The files whose functions each depend on a private name."""
    found = [module for module in modules() if module.name.startswith("cpython.")]
    return [module for module in found if module.name not in OTHERS]


class PrivateNamesTests(unittest.TestCase):
    maxDiff = None

    def test_versions_are_checked_in_one_file(self):
        """No module except `cpython/versions.py` checks the version of Python."""
        self.assertEqual(
            [use for module in modules() if module.name != VERSIONS for use in version_checks(module)], []
        )

    def test_private_names_are_used_in_cpython_only(self):
        """No module outside of `cpython/` uses a private name that it does not define itself."""
        self.assertEqual(
            [use for module in modules() if module not in of_cpython() for use in private_uses(module)], []
        )

    def test_every_function_of_cpython_names_its_source(self):
        """The docstring of each function there names the CPython file that it depends on."""
        self.assertEqual([fault for module in of_cpython() for fault in unsourced(module)], [])

    def test_every_function_of_cpython_has_a_canary(self):
        """Each function there has a test class or method with its name."""
        canaries = [module for module in modules("tests") if module.name.startswith("cpython.test_")]
        for module in of_cpython():
            with self.subTest(module.name):
                self.assertEqual(without_canary(module, canaries), [])


class PrivateNamesCheckerTests(unittest.TestCase):
    def uses(self, source):
        return [use.rpartition(" ")[2] for use in private_uses(Module("asynctestkit/x.py", source))]

    def test_version_checks_are_found(self):
        """Every usual way to check the version is found."""
        for source in (
            "import sys\nsys.version_info >= (3, 11)",
            "from sys import version_info",
            "import sys\nsys.hexversion",
            "import platform\nplatform.python_version()",
        ):
            with self.subTest(source):
                self.assertEqual(len(version_checks(Module("asynctestkit/x.py", source))), 1)

    def test_private_attributes_are_found(self):
        """A private attribute of another object is found, read or written, and through getattr."""
        for source in (
            "task._log_destroy_pending = False",
            "asyncio.tasks._all_tasks",
            "self._loop._ready",
            "getattr(task, '_fut_waiter', None)",
            "hasattr(loop, '_check_closed')",
        ):
            with self.subTest(source):
                self.assertEqual(len(self.uses(source)), 1)

    def test_private_imports_are_found(self):
        """A private name or module of the standard library is found in an import."""
        self.assertEqual(self.uses("from asyncio.events import _get_running_loop"), ["_get_running_loop"])
        self.assertEqual(self.uses("import _asyncio"), ["_asyncio"])
        self.assertEqual(self.uses("from concurrent.futures.thread import _shutdown"), ["_shutdown"])

    def test_own_names_are_exempt(self):
        """Names of `self`, `cls` and `super()`, dunders, and the module's own names are accepted."""
        for source in (
            "self._callSetUp()",
            "super()._callSetUp()",
            "cls._x",
            "task.__class__",
            "from __future__ import annotations",
            "from asynctestkit import _private",
            "from ._private import X",
            "class A:\n    def __init__(self): self._x = 1\n    def same(self, other): return other._x",
            "task._asynctestkit_site = 1",
            "sys._getframe(1)",
            "import _thread",
            "class A:\n    __slots__ = ('_x',)\ndef f(a): return a._x",
        ):
            with self.subTest(source):
                self.assertEqual(self.uses(source), [])

    def test_a_function_without_its_source_is_found(self):
        """A docstring that names no CPython file is found, also in a branch for one version."""
        source = 'def f():\n    """See Lib/asyncio/tasks.py."""\nif X:\n    def g(): ...'
        module = Module("asynctestkit/x.py", source)
        self.assertEqual(unsourced(module), ["asynctestkit/x.py:4: g names no CPython file"])

    def test_a_function_without_its_canary_is_found(self):
        """A function counts as tested when a test class or a test method carries its name."""
        module = Module("asynctestkit/x.py", "def pop_task(): ...\ndef wait_chain(): ...\ndef lost(): ...")
        source = "class PopTaskTests:\n    def test_wait_chain_of(self): ...\ndef lost(): ..."
        tests = Module("tests/test_x.py", source)
        self.assertEqual(without_canary(module, [tests]), ["lost"])
