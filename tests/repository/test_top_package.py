"""Law: the top package offers the everyday names, loads each when it is asked for, and holds no logic."""

import ast
import importlib
import unittest

from tests.repository.test_mirror import dunder_all, imports_for_types, offered_names
from tests.repository.tree import PACKAGE, ROOT, Module, modules

EVERYDAY = {
    "DEFAULT_DETECTORS", "STRICT_DETECTORS", "Allowance", "DeadlineError", "DeadlockError", "RunawayError",
    "HygieneMixin", "HygienicAsyncTestCase", "Leak", "LeakDetector", "LeakError", "LeakWarning",
    "GroupAssertions", "LogAssertions", "QueueAssertions", "TaskAssertions", "TimeAssertions",
    "MockAssertions", "MockBuilders",
    "allow_leaks", "hygiene", "no_leaks",
}  # fmt: skip


def lazy_homes(module: Module) -> dict[str, str]:
    """By name: the module that `lazy_names` is told to import it from."""
    (call,) = (
        node
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "lazy_names"
    )
    homes = ast.literal_eval(call.args[1])
    return {name: home for home, names in homes.items() for name in names.split()}


def are_lazy_hooks(assignment: ast.Assign) -> bool:
    """Whether it is `__getattr__, __dir__ = lazy_names(…)`."""
    assigned = [
        node.id for target in assignment.targets for node in ast.walk(target) if isinstance(node, ast.Name)
    ]
    return assigned == ["__getattr__", "__dir__"] and ast.unparse(assignment.value).startswith("lazy_names(")


def lazy_blocks(module: Module) -> list[ast.stmt]:
    """The statement that imports names for type checkers, and has them loaded lazily otherwise."""
    return [
        node
        for node in module.tree.body
        if isinstance(node, ast.If)
        and ast.unparse(node.test) == "TYPE_CHECKING"
        and all(isinstance(each, ast.ImportFrom) for each in node.body)
        and all(isinstance(each, ast.Assign) and are_lazy_hooks(each) for each in node.orelse)
    ]


def logic_in(module: Module) -> list[str]:
    """Statements of a module that do more than define names: no docstring, import, or dunder."""
    return [
        f"{module.path}:{node.lineno}: {ast.unparse(node).splitlines()[0]}"
        for node in module.tree.body
        if not isinstance(node, (ast.Import, ast.ImportFrom))
        and node not in lazy_blocks(module)
        and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        and not (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).startswith("__"))
    ]


class TopPackageTests(unittest.TestCase):
    def setUp(self):
        (self.top,) = (module for module in modules() if not module.name)

    def test_the_top_package_offers_the_everyday_names(self):
        """The everyday names are imported from the top package, which holds no logic."""
        self.assertEqual(EVERYDAY - set(dunder_all(self.top) or []), set())
        self.assertEqual(logic_in(self.top), [])

    def test_lazy_names_are_those_of_the_type_checkers(self):
        """Each name of the top package is loaded from where type checkers find it; all are public."""
        for_types = {
            alias.name: node.module
            for node in imports_for_types(self.top)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        self.assertEqual(lazy_homes(self.top), for_types)
        self.assertEqual(sorted(for_types), sorted(dunder_all(self.top)))

    def test_the_version_is_said_once(self):
        """The package has the version, from which its metadata are generated."""
        self.assertRegex(importlib.import_module(PACKAGE).__version__, r"^\d+\.\d+\.\d+$")
        project = (ROOT / "pyproject.toml").read_text("utf-8")
        self.assertIn('dynamic = ["version"]', project)
        self.assertIn(f'version = {{ attr = "{PACKAGE}.__version__" }}', project)


class TopPackageCheckerTests(unittest.TestCase):
    def test_logic_in_a_module_of_names_is_found(self):
        """Anything beyond a docstring, imports and dunders is logic."""
        source = "'Doc.'\nfrom .x import y\n__all__ = ['y']\nif y:\n    y()"
        module = Module("asynctestkit/__init__.py", source)
        self.assertEqual(logic_in(module), ["asynctestkit/__init__.py:4: if y:"])

    def test_lazy_names_are_no_logic(self):
        """What is for type checkers may be loaded lazily for others, and nothing else."""
        lazily = "else:\n    __getattr__, __dir__ = lazy_names('', {'x': 'y'})"
        source = f"if TYPE_CHECKING:\n    from .x import y\n{lazily}"
        for more, faults in (("", []), ("\n    y()", ["asynctestkit/__init__.py:1: if TYPE_CHECKING:"])):
            with self.subTest(more):
                module = Module("asynctestkit/__init__.py", source + more)
                self.assertEqual(logic_in(module), faults)
                self.assertEqual((offered_names(module), lazy_homes(module)), ({"y"}, {"y": "x"}))
