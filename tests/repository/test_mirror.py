"""Law 4: `tests/` mirrors `asynctestkit/` exactly, and what is public is listed in `__all__` and explained.

`asynctestkit/leaks/kinds/tasks.py` is tested by `tests/leaks/kinds/test_tasks.py`, and what has many sides by
more files beside it (`test_case_hangs.py` beside `test_case.py`); an `__init__.py` needs no test of its own.
A public module is one without a leading underscore, a public name likewise.
"""

import ast
import importlib
import re
import unittest
from typing import Any, TypeGuard

from tests.repository.tree import PACKAGE, ROOT, Module, dunder_all, modules

EXTRA = {
    "bench.py": "the benchmark: run by hand, asserts nothing about speed",
    "bench_work.py": "what the benchmark measures besides an idle test",
    "bench_peers.py": "what the benchmark measures besides ours: other libraries",
    "typed_settings.py": "`make lint`: settings that type checkers have to reject",
    "parallel.py": "runs the suite in several processes at once",
    "test_parallel.py": "parallel.py above",
    "messages.py": "prints every kind of message",
    "messages_of_assertions.py": "messages.py above: the messages of assertions and mocks",
    "test_messages.py": "messages.py above: each message has the user's line and a remedy",
    "running.py": "runs one inner test case within a test, for many of the files here",
    "freezing.py": "a clock that stands still, as freezegun stops it",
    "test_isolation_seeds.py": "isolation.py, beside test_isolation.py: seeded random numbers",
    "test_case_stopped_clock.py": "case.py and all below it: clocks that a test stops, shifts or patches",
    "case_runs.py": "runs inner classes, also in other processes, and keeps what is printed",
    "test_case_clock.py": "case.py and all below it: tests on the virtual clock",
    "test_case_command_line.py": "case.py under `python -m unittest`, signals, tracers: other processes",
    "test_case_outcomes.py": "case.py: a test keeps its own outcome; settings from the environment",
    "test_case_debug.py": "case.py: `debug()`, and instances that run again",
    "test_case_deadlock.py": "case.py and all below it: a deadlocked test is ended at once",
    "test_case_hangs.py": "case.py and all below it: no test hangs the run",
    "test_case_stubborn.py": "case.py and all below it: no leaked task hangs the run",
    "test_case_tracebacks.py": "case.py: what unittest prints of failures shows the user's lines only",
    "adoption/records.py": "leaks and records of runs, as values",
    "assertions/clock.py": "a loop whose clock jumps, for the tests of assertions",
    "assertions/consumers.py": "correct and faulty consumers and producers",
    "exploration/test_cancel_safety_faults.py": "cancel_safety.py: the faults, and their messages",
    "exploration/programs.py": "correct programs, that no schedule may fail",
    "exploration/test_programs.py": "programs.py above, in a few schedules each",
    "schedules.py": "the same, and the examples, in thousands of schedules: run by hand",
    "interop/affected.py": "tests that fail with versions of libraries that have a bug",
    "interop/affected_pools.py": "the same, of the pools of clients",
    "interop/databases.py": "the connections of psycopg's pool, for affected_pools.py and newest.py",
    "interop/http_peers.py": "the other ends of HTTP clients, likewise",
    "interop/redis_peer.py": "the other end of redis's client, likewise",
    "interop/newest.py": "explorations of the newest versions",
    "interop/exploration.py": "`make interop`: the modules above, with those versions and with fixed ones",
    "assertions/coroutines.py": "coroutines that hang, fail, swallow or refuse cancellations",
    "interop/libraries.py": "`make interop`: libraries that keep things for the process, or stop clocks",
    "interop/pytest_runs.py": "`make interop`: suites under a real pytest, with its plug-ins",
    "interop/http_clients.py": "`make interop`: the mocks compared with aiohttp and httpx, which it installs",
    "mocks/eager_library.py": "a module with the API of httpx",
    "mocks/importing_nothing.py": "a module that cannot be imported",
    "mocks/lazy_library.py": "a module with the API of aiohttp",
    "cpython/canaries.py": "what the tests of private names have in common",
    "cpython/test_canaries.py": "canaries.py above",
    "leaks/sweeping/test_sweep_operations.py": "the whole sweep: many leaks take no more operations than few",
    "leaks/contract.py": "the contract that the test class of every detector inherits",
    "leaks/metaclasses.py": "metaclasses that forbid what is usually asked of a class",
}


def expected_tests(sources: list[str]) -> set[str]:
    """The test files that mirror these source files, both relative to their top folder."""
    named = (source.rpartition("/") for source in sources)
    return {f"{folder}{slash}test_{file}" for folder, slash, file in named if file != "__init__.py"}


def mirror_faults(sources: list[str], tests: list[str], extra: dict[str, str]) -> list[str]:
    wanted = expected_tests(sources)
    present = {t for t in tests if not t.endswith("__init__.py") and not t.startswith("repository/")}
    sides = {t for t in present if any(t.startswith(f"{w.removesuffix('.py')}_") for w in wanted & present)}
    return sorted(
        [f"missing: {test}" for test in wanted - present]
        + [f"mirrors nothing: {test}" for test in present - wanted - sides - extra.keys()]
        + [f"listed as extra, but not there: {test}" for test in extra.keys() - present]
    )


def missing_packages(tests: list[str]) -> list[str]:
    """Folders of tests that discovery would skip, as they are no packages."""
    folders = {test.rpartition("/")[0] for test in tests}
    return sorted(folder for folder in folders if f"{folder}/__init__.py".lstrip("/") not in tests)


def public_names(module: Module) -> set[str]:
    """What a module defines in public."""
    names = set()
    left: list[ast.AST] = [*module.tree.body]
    while left:
        node = left.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {
                name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)
            }
        elif isinstance(node, (ast.If, ast.Try)):
            left += ast.iter_child_nodes(node)
    return {name for name in names if not name.startswith("_")}


def imports_for_types(module: Module) -> list[ast.stmt]:
    """The statements for type checkers alone, of a package whose names are loaded when they are asked for."""
    blocks = [node for node in module.tree.body if isinstance(node, ast.If)]
    return [node for block in blocks if ast.unparse(block.test) == "TYPE_CHECKING" for node in block.body]


def offered_names(module: Module) -> set[str]:
    """What a package's `__init__` may re-export: names that it imports from within the package."""
    if not module.is_package:
        return set()
    own_imports = (
        node
        for node in (*module.tree.body, *imports_for_types(module))
        if isinstance(node, ast.ImportFrom) and (node.level or str(node.module).split(".")[0] == PACKAGE)
    )
    return {alias.asname or alias.name for node in own_imports for alias in node.names}


def all_faults(module: Module) -> list[str]:
    """How `__all__` differs from what the module makes public."""
    defined, listed = public_names(module), dunder_all(module)
    if listed is None:
        return [f"{module.path}: no __all__"] if defined else []
    faults = [f"{name} is public and not in __all__" for name in sorted(defined - set(listed))]
    faults += [
        f"{name} is in __all__ and not public here"
        for name in sorted(set(listed) - defined - offered_names(module))
    ]
    faults += [f"{name} is twice in __all__" for name in sorted(set(listed)) if listed.count(name) > 1]
    return [f"{module.path}: {fault}" for fault in faults]


def undocumented(module: Module, namespace: dict[str, Any]) -> list[str]:
    """Public functions, classes and methods without a docstring; an override may inherit one.

    A mixin's override of a hook of unittest's does what unittest says.
    """
    faults = []
    for node in module.tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            # A dataclass without a docstring is given its signature as one: only the source tells.
            if ast.get_docstring(node) is None:
                faults.append(f"{module.path}:{node.lineno}: {node.name}")
            for method in filter(_is_public_function, node.body):
                owners = [vars(owner) for owner in namespace[node.name].__mro__ if method.name in vars(owner)]
                explained = any(members[method.name].__doc__ for members in owners)
                if not explained and not hasattr(unittest.IsolatedAsyncioTestCase, method.name):
                    faults.append(f"{module.path}:{method.lineno}: {node.name}.{method.name}")
        elif _is_public_function(node) and not namespace[node.name].__doc__:
            faults.append(f"{module.path}:{node.lineno}: {node.name}")
    return faults


def _is_public_function(node: ast.stmt) -> TypeGuard[ast.FunctionDef | ast.AsyncFunctionDef]:
    return isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and not node.name.startswith("_")


def offered_methods(package: tuple[Module, ...]) -> set[str]:
    """Camel-cased methods of test cases that are not unittest's: assertions, builders, isolation."""
    return {
        method.name
        for module in package
        for node in module.tree.body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
        for method in filter(_is_public_function, node.body)
        if re.fullmatch("[a-z]+[A-Z][A-Za-z]*", method.name)
        and not hasattr(unittest.IsolatedAsyncioTestCase, method.name)
    }


def unmentioned(names: set[str], text: str) -> list[str]:
    return sorted(names - set(re.findall(r"\w+", text)))


def public_modules() -> list[Module]:
    return [
        module for module in modules() if not any(part.startswith("_") for part in module.name.split("."))
    ]


def relative(folder: str) -> list[str]:
    return [module.path.removeprefix(f"{folder}/") for module in modules(folder)]


class MirrorTests(unittest.TestCase):
    maxDiff = None

    def test_every_module_has_its_test_file_and_no_other(self):
        """Test files and source files correspond one to one, except for the listed extras."""
        self.assertEqual(mirror_faults(relative(PACKAGE), relative("tests"), EXTRA), [])

    def test_every_folder_of_tests_is_a_package(self):
        """Every folder of tests is a package, as `python -m unittest` enters packages only."""
        self.assertEqual(missing_packages(relative("tests")), [])


class PublicNamesTests(unittest.TestCase):
    maxDiff = None

    def test_all_lists_exactly_what_is_public(self):
        """Every public module lists its public names in `__all__`, no more and no fewer."""
        self.assertEqual([fault for module in public_modules() for fault in all_faults(module)], [])

    def test_what_test_cases_get_is_tested_and_in_the_guide(self):
        """Each assertion and builder is used by a test, and is in the guide."""
        names = offered_methods(modules())
        self.assertGreater(len(names), 20)
        tests = "".join(each.source for each in modules("tests") if "repository/" not in each.path)
        self.assertEqual(unmentioned(names, tests), [])
        self.assertEqual(unmentioned(names, (ROOT / "examples/GUIDE.md").read_text(encoding="utf-8")), [])

    def test_everything_public_is_documented(self):
        """Every public function, class and method has a docstring, its own or an inherited one."""
        for module in public_modules():
            with self.subTest(module.path):
                namespace = vars(importlib.import_module(f"{PACKAGE}.{module.name}".rstrip(".")))
                self.assertEqual(undocumented(module, namespace), [])


class MirrorCheckerTests(unittest.TestCase):
    def test_each_kind_of_fault_is_found(self):
        """A missing test file, an additional one and a stale extra have different faults."""
        self.assertEqual(
            mirror_faults(
                ["__init__.py", "case.py", "leaks/__init__.py", "leaks/tasks.py"],
                ["test_case.py", "leaks/test_servers.py", "repository/test_x.py", "bench.py"],
                {"bench.py": "", "gone.py": ""},
            ),
            [
                "listed as extra, but not there: gone.py",
                "mirrors nothing: leaks/test_servers.py",
                "missing: leaks/test_tasks.py",
            ],
        )

    def test_a_folder_that_is_no_package_is_found(self):
        """A folder without `__init__.py` is found."""
        files = ["__init__.py", "a/__init__.py", "a/test_x.py", "b/test_y.py"]
        self.assertEqual(missing_packages(files), ["b"])


class PublicNamesCheckerTests(unittest.TestCase):
    def faults(self, source, path="asynctestkit/x.py"):
        return [fault.partition(": ")[2] for fault in all_faults(Module(path, source))]

    def undocumented(self, source):
        namespace = {"__name__": "snippet"}
        exec(source, namespace)
        module = Module("asynctestkit/x.py", source)
        return [fault.rpartition(" ")[2] for fault in undocumented(module, namespace)]

    def test_names_missing_from_all_are_found(self):
        """Functions, classes and constants count; private names and imports do not."""
        source = "import ast\nfrom .y import z\n__all__ = ['f']\ndef f(): ...\nclass C: ...\nN = 1\n_p = 2"
        self.assertEqual(
            self.faults(source), ["C is public and not in __all__", "N is public and not in __all__"]
        )

    def test_names_only_in_all_are_found(self):
        """A name in `__all__` that the module does not define, or lists twice, is named."""
        self.assertEqual(
            self.faults("__all__ = ['f', 'g', 'g']\ndef f(): ..."),
            ["g is in __all__ and not public here", "g is twice in __all__"],
        )

    def test_a_missing_all_is_found(self):
        """A module with public names needs `__all__`; one without needs none."""
        self.assertEqual(self.faults("if X:\n    def f(): ..."), ["no __all__"])
        self.assertEqual(self.faults("'''Nothing public.'''"), [])

    def test_a_package_may_list_what_it_imports_from_within(self):
        """Only an `__init__.py` re-exports, and only names of this package."""
        source = "from typing import Any\nfrom .y import z\n__all__ = ['Any', 'z']"
        foreign = [f"{name} is in __all__ and not public here" for name in ("Any", "z")]
        self.assertEqual(self.faults(source), foreign)
        self.assertEqual(self.faults(source, "asynctestkit/a/__init__.py"), foreign[:1])

    def test_missing_docstrings_are_found(self):
        """Functions, classes, methods and properties count; a dataclass's generated docstring does not."""
        source = (
            "import dataclasses\n"
            "def f(): ...\n"
            "async def g(): ...\n"
            "@dataclasses.dataclass\nclass D:\n    x: int\n"
            "class C:\n    'Doc.'\n    def m(self): ...\n    def _q(self): ...\n"
            "    @property\n    def p(self): ...\n"
        )
        self.assertEqual(self.undocumented(source), ["f", "g", "D", "C.m", "C.p"])

    def test_an_inherited_docstring_counts(self):
        """An override says the same as what it overrides, unless it says otherwise."""
        source = (
            "class A:\n    'A.'\n    def m(self): 'Doc.'\n"
            "class B(A):\n    'B.'\n    def m(self): ...\n"
            "class C:\n    'C.'\n    def setUp(self): ...\n"
        )
        self.assertEqual(self.undocumented(source), [])

    def test_unmentioned_methods_are_found(self):
        """Public methods of public classes count, as whole words; unittest's own and snake case do not."""
        source = (
            "class A:\n    def assertX(self): ...\n    async def makeY(self): ...\n"
            "    def _hideZ(self): ...\n    def plain(self): ...\n    def assertEqual(self): ...\n"
            "class _B:\n    def assertQ(self): ...\n"
        )
        names = offered_methods((Module("asynctestkit/x.py", source),))
        self.assertEqual(names, {"assertX", "makeY"})
        self.assertEqual(unmentioned(names, "self.assertX(); self.makeYs()"), ["makeY"])
