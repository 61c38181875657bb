"""Law 1: imports go to a lower floor only, so that every module can be understood from those below it.

What is imported for type checkers alone does not count. Modules of one floor may import each other as long
as no cycle arises.
"""

import ast
import unittest

from tests.repository.tree import PACKAGE, Module, modules, walk_at_run_time

FLOORS = (
    ("_compat", "exceptions", "cpython"),
    (
        "_cpython",
        "_cpython_clock",
        "_cpython_hooks",
        "_cpython_loops",
        "_cpython_mocks",
        "_cpython_patches",
        "_cpython_process",
        "_cpython_threads",
    ),
    ("places", "await_chain", "loops", "watchdog"),
    ("leaks", "mocks", "isolation"),
    ("settings", "assertions"),
    ("decorators", "sight", "standing", "standstill", "overrun", "phase", "guard"),
    ("block", "guarded", "task_control", "case"),
    ("adoption",),
    ("__main__", "pytest_plugin", ""),  # the top package itself, and what is run beside it
)
FLOOR_OF = {name: number for number, names in enumerate(FLOORS) for name in names}


def floor(name: str) -> int | None:
    return FLOOR_OF.get(name.partition(".")[0])


def imports(module: Module, known: set[str]) -> set[str]:
    """The modules of the package that this one imports at run time."""
    base = module.name.split(".") if module.name else []
    found = set()
    for node in walk_at_run_time(module.tree):
        if isinstance(node, ast.Import):
            absolute = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = node.module or ""
            if node.level:
                up = node.level - module.is_package
                start = ".".join([PACKAGE, *base[: len(base) - up], *filter(None, [node.module])])
            # `from .leaks import report` names a module, `from .leaks import Leak` does not.
            deeper = [f"{start}.{alias.name}" for alias in node.names]
            absolute = [name if name.removeprefix(f"{PACKAGE}.") in known else start for name in deeper]
        else:
            continue
        found |= {name.removeprefix(PACKAGE)[1:] for name in absolute if f"{name}.".startswith(f"{PACKAGE}.")}
    return found


def with_parents(name: str, importer: str) -> set[str]:
    """What runs on an import: the module, and every package above it that is not already being imported."""
    parts = name.split(".")
    chain = [".".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
    return {link for link in chain if link != importer and not f"{importer}.".startswith(f"{link}.")}


def cycle(graph: dict[str, set[str]]) -> list[str]:
    """One import cycle, as the modules on it; empty when there is none."""
    clean: set[str] = set()

    def follow(name: str, way: list[str]) -> list[str]:
        if name in way:
            return [*way[way.index(name) :], name]
        if name not in clean:
            for target in sorted(graph.get(name, ())):
                if found := follow(target, [*way, name]):
                    return found
            clean.add(name)
        return []

    return next((found for name in sorted(graph) if (found := follow(name, []))), [])


def violations(package: tuple[Module, ...]) -> list[str]:
    known = {module.name for module in package}
    graph = {module.name: imports(module, known) for module in package}
    wrong = [f"{name}: is on no floor" for name in graph if floor(name) is None]
    for name, targets in graph.items():
        here = floor(name)
        for target in sorted(targets):
            there = floor(target)
            if here is not None and there is not None and there > here:
                wrong.append(f"{name or PACKAGE} (floor {here}) imports {target or PACKAGE} (floor {there})")
    for name, targets in graph.items():
        graph[name] = {link for target in targets for link in with_parents(target, name)}
    if ring := cycle(graph):
        wrong.append("import cycle: " + " -> ".join(ring))
    return wrong


class LayersTests(unittest.TestCase):
    maxDiff = None

    def test_imports_go_down_only(self):
        """No module of the package imports one from a higher floor, and no imports form a cycle."""
        self.assertEqual(violations(modules()), [])


class LayersCheckerTests(unittest.TestCase):
    def check(self, **sources):
        paths = {name: f"{PACKAGE}/{name.replace('__in__', '/')}.py" for name in sources}
        return violations(tuple(Module(paths[name], source) for name, source in sources.items()))

    def test_an_import_downwards_is_fine(self):
        """A higher floor may import a lower one, relatively or absolutely."""
        self.assertEqual(
            self.check(
                case="from ._compat import X\nimport asynctestkit.exceptions", _compat="", exceptions=""
            ),
            [],
        )

    def test_an_import_upwards_is_found(self):
        """An import of a higher floor is named with both floors, also where a function hides it."""
        wrong = ["_compat (floor 0) imports case (floor 6)"]
        for source in (
            "from .case import X",
            "from . import case",
            "import asynctestkit.case",
            "def f():\n    from asynctestkit.case import X",
        ):
            with self.subTest(source):
                self.assertEqual(self.check(_compat=source, case=""), wrong)

    def test_an_import_of_the_top_package_is_found(self):
        """The top package is the highest floor: nothing below may take names from it."""
        self.assertEqual(
            self.check(case="from asynctestkit import X", __init__=""),
            ["case (floor 6) imports asynctestkit (floor 8)"],
        )

    def test_relative_imports_in_a_subpackage_are_resolved(self):
        """Two dots in a module of a subpackage lead to the package, one dot to its neighbour."""
        self.assertEqual(
            self.check(
                leaks__in__tasks="from ..guard import X\nfrom .leak import Leak", leaks__in__leak="", guard=""
            ),
            ["leaks.tasks (floor 3) imports guard (floor 5)"],
        )

    def test_imports_for_type_checkers_do_not_count(self):
        """What stands under `if TYPE_CHECKING` is exempt; its `else` is not."""
        guarded = "if TYPE_CHECKING:\n    from .case import X\n"
        self.assertEqual(self.check(_compat=guarded, case=""), [])
        self.assertEqual(len(self.check(_compat=guarded + "else:\n    from .case import X", case="")), 1)

    def test_a_module_without_a_floor_is_found(self):
        """A new module has to be given its floor."""
        self.assertEqual(self.check(newcomer=""), ["newcomer: is on no floor"])

    def test_a_cycle_inside_a_floor_is_found(self):
        """Modules of one floor may import each other, but not in a ring."""
        self.assertEqual(self.check(places="from . import watchdog", watchdog=""), [])
        self.assertEqual(
            self.check(places="from . import watchdog", watchdog="from . import places"),
            ["import cycle: places -> watchdog -> places"],
        )

    def test_a_cycle_through_a_subpackage_is_found(self):
        """Importing a submodule runs its package first, which belongs to the ring."""
        self.assertEqual(
            self.check(
                leaks__in____init__="from ..mocks import outcomes",
                leaks__in__leak="",
                mocks__in____init__="",
                mocks__in__outcomes="from ..leaks.leak import Leak",
            ),
            ["import cycle: leaks -> mocks.outcomes -> leaks"],
        )

    def test_a_package_may_import_its_own_modules(self):
        """A subpackage that re-exports its modules, which import each other, is no ring."""
        self.assertEqual(
            self.check(
                leaks__in____init__="from .tasks import TaskDetector",
                leaks__in__tasks="from .leak import Leak",
                leaks__in__leak="",
            ),
            [],
        )
