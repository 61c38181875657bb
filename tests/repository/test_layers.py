"""Law 1: imports go to a lower floor only, so that every module can be understood from those below it.

What is imported for type checkers alone counts as well: a protocol on the lower floor breaks a circle.
Modules of one floor may import each other as long as no cycle arises.
"""

import ast
import unittest

from tests.repository.tree import PACKAGE, Module, modules

FLOORS = (
    ("cpython",),
    ("stacks",),
    ("leaks",),  # the values; the folders in it are higher
    ("exceptions",),
    ("loops.outside",),
    ("loops", "loops.virtual"),
    ("mocks", "isolation"),
    ("leaks.census",),
    ("leaks.kinds",),
    ("leaks.sweeping", "limits"),
    ("settings", "assertions"),
    ("lifecycle",),
    ("exploration",),
    ("case",),
    ("adoption",),
    ("__main__", "pytest_plugin", ""),  # the top package itself, and what is run beside it
)
FLOOR_OF = {name: number for number, names in enumerate(FLOORS) for name in names}


def floor(name: str) -> int | None:
    """The floor of a module, or of the innermost folder around it that has one; "" is the top package."""
    inner = name
    while inner and inner not in FLOOR_OF:
        inner = inner.rpartition(".")[0]
    return FLOOR_OF[inner] if inner or not name else None


def imports(module: Module, known: set[str]) -> set[str]:
    """The modules of the package that this one imports, for its types as well."""
    base = module.name.split(".") if module.name else []
    found = set()
    for node in ast.walk(module.tree):
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
    """What an import runs: the module, and every package above it that is not being imported yet."""
    parts = name.split(".")
    chain = [".".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
    return {link for link in chain if link != importer and not f"{importer}.".startswith(f"{link}.")}


def cycle(graph: dict[str, set[str]]) -> list[str]:
    """One import cycle, as its modules; empty if there is none."""
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


class RootTests(unittest.TestCase):
    def test_the_root_holds_what_a_user_imports(self):
        """The root has at most eight files, so that a newcomer sees the folders."""
        here = [module.path for module in modules() if module.path.count("/") == 1]
        self.assertLessEqual(len(here), 8, here)


class LayersCheckerTests(unittest.TestCase):
    def check(self, **sources):
        paths = {name: f"{PACKAGE}/{name.replace('__in__', '/')}.py" for name in sources}
        return violations(tuple(Module(paths[name], source) for name, source in sources.items()))

    def test_an_import_downwards_is_fine(self):
        """A higher floor may import a lower one, relatively or absolutely."""
        self.assertEqual(
            self.check(
                case="from .settings import X\nimport asynctestkit.exceptions", settings="", exceptions=""
            ),
            [],
        )

    def test_an_import_upwards_is_found(self):
        """An import of a higher floor is found with both floors, even within a function."""
        wrong = ["settings (floor 10) imports case (floor 13)"]
        for source in (
            "from .case import X",
            "from . import case",
            "import asynctestkit.case",
            "def f():\n    from asynctestkit.case import X",
        ):
            with self.subTest(source):
                self.assertEqual(self.check(settings=source, case=""), wrong)

    def test_an_import_of_the_top_package_is_found(self):
        """The top package is the highest floor: nothing below may take names from it."""
        self.assertEqual(
            self.check(case="from asynctestkit import X", __init__=""),
            ["case (floor 13) imports asynctestkit (floor 15)"],
        )

    def test_relative_imports_in_a_subpackage_are_resolved(self):
        """Two dots in a module of a subpackage lead to the package, one dot to its neighbour."""
        self.assertEqual(
            self.check(
                leaks__in__report="from ..case import X\nfrom .leak import Leak", leaks__in__leak="", case=""
            ),
            ["leaks.report (floor 2) imports case (floor 13)"],
        )

    def test_imports_for_type_checkers_count(self):
        """An import under `if TYPE_CHECKING` counts like any other."""
        self.assertEqual(len(self.check(settings="if TYPE_CHECKING:\n    from .case import X\n", case="")), 1)

    def test_a_room_has_its_own_floor(self):
        """The innermost folder that has a floor decides."""
        self.assertEqual(
            self.check(
                stacks__in__x="from ..leaks.kinds.tasks import X",
                leaks__in__kinds__in__tasks="",
            ),
            ["stacks.x (floor 1) imports leaks.kinds.tasks (floor 8)"],
        )

    def test_a_module_without_a_floor_is_found(self):
        """A module without a floor is found."""
        self.assertEqual(self.check(newcomer=""), ["newcomer: is on no floor"])

    def test_a_cycle_inside_a_floor_is_found(self):
        """Modules of one floor may import each other, but not in a ring."""
        self.assertEqual(self.check(mocks="from . import isolation", isolation=""), [])
        self.assertEqual(
            self.check(mocks="from . import isolation", isolation="from . import mocks"),
            ["import cycle: isolation -> mocks -> isolation"],
        )

    def test_a_cycle_through_a_subpackage_is_found(self):
        """Importing a submodule runs its package first, which belongs to the ring."""
        self.assertEqual(
            self.check(
                mocks__in____init__="from .. import isolation",
                mocks__in__calls="",
                isolation="from .mocks.calls import X",
            ),
            ["import cycle: isolation -> mocks -> isolation"],
        )

    def test_a_package_may_import_its_own_modules(self):
        """A package that re-exports its modules, which import each other, is no cycle."""
        self.assertEqual(
            self.check(
                stacks__in____init__="from .places import Place",
                stacks__in__places="from .rendering import X",
                stacks__in__rendering="",
            ),
            [],
        )
