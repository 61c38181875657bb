"""Law 3: a kind of leak is one file with one detector, one line in the detector lists, and one test class
that inherits the contract all detectors share.
"""

import ast
import unittest

from tests.repository.tree import Module, modules


def bases(node: ast.ClassDef) -> set[str]:
    """The names of a class's bases, without their modules and type arguments."""
    return {ast.unparse(base).partition("[")[0].rpartition(".")[2] for base in node.bases}


def classes(module: Module) -> list[ast.ClassDef]:
    return [node for node in module.tree.body if isinstance(node, ast.ClassDef)]


def heirs(package: tuple[Module, ...], root: str) -> dict[str, list[str]]:
    """For each module path, the classes in it that descend from `root`, except private bases."""
    derived = {module.path: {node.name: bases(node) for node in classes(module)} for module in package}
    family, found = set[str](), {root}
    while found - family:
        family |= found
        found = {name for named in derived.values() for name, above in named.items() if above & family}
    public = {name for name in family - {root} if not name.startswith("_")}
    named = {path: [name for name in found if name in public] for path, found in derived.items()}
    return {path: names for path, names in named.items() if names}


def tuples(package: tuple[Module, ...]) -> dict[str, set[str]]:
    """For each variable, the names in what a module assigns to it."""
    found: dict[str, set[str]] = {}
    for module in package:
        for node in module.tree.body:
            if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value:
                names = {name.id for name in ast.walk(node.value) if isinstance(name, ast.Name)}
                for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                    found.setdefault(ast.unparse(target), names)
    return found


def listed(package: tuple[Module, ...], variable: str) -> set[str]:
    """The names in a tuple of classes, followed through tuples that it is built from."""
    assigned = tuples(package)
    found: set[str] = set()
    left = {variable}
    while left:
        names = assigned.get(left.pop(), set()) - found
        found |= names
        left |= names
    return found


def violations(package: tuple[Module, ...], tests: tuple[Module, ...]) -> list[str]:
    detectors = heirs(package, "LeakDetector")
    strict = listed(package, "STRICT_DETECTORS")
    tested = heirs(tests, "DetectorContract")
    wrong = []
    for path, names in detectors.items():
        if len(names) > 1:
            wrong.append(f"{path}: holds {' and '.join(names)}")
        wrong += [f"{path}: {name} is not in STRICT_DETECTORS" for name in names if name not in strict]
        folder, _, file = path.rpartition("/")
        test = f"tests{folder.removeprefix('asynctestkit')}/test_{file}"
        if test not in tested:
            wrong.append(f"{test}: no class inherits DetectorContract")
    return wrong


class DetectorsTests(unittest.TestCase):
    maxDiff = None

    def test_there_are_detectors(self):
        """There are detectors to check, and the strict list is found."""
        self.assertTrue(heirs(modules(), "LeakDetector"))
        self.assertTrue(listed(modules(), "STRICT_DETECTORS"))

    def test_every_detector_keeps_the_law(self):
        """Every detector is alone in its file, is in the strict list, and is tested by the contract."""
        self.assertEqual(violations(modules(), modules("tests")), [])


class DetectorsCheckerTests(unittest.TestCase):
    TASKS = Module("asynctestkit/leaks/kinds/tasks.py", "class TaskDetector(LeakDetector[Task]): ...")
    LISTS = Module(
        "asynctestkit/leaks/kinds/__init__.py", "D = (TaskDetector,)\nSTRICT_DETECTORS: T = (*D, Other)"
    )
    TESTS = Module(
        "tests/leaks/kinds/test_tasks.py", "class TaskTests(contract.DetectorContract, TestCase): ..."
    )

    def test_a_lawful_detector_passes(self):
        """A detector that is listed through another tuple and tested by the contract passes."""
        self.assertEqual(violations((self.TASKS, self.LISTS), (self.TESTS,)), [])

    def test_an_unlisted_detector_is_found(self):
        """A detector that is in no list is named."""
        self.assertEqual(
            violations((self.TASKS,), (self.TESTS,)),
            ["asynctestkit/leaks/kinds/tasks.py: TaskDetector is not in STRICT_DETECTORS"],
        )

    def test_an_untested_detector_is_found(self):
        """A test file without a class that inherits the contract is named."""
        tests = Module("tests/leaks/kinds/test_tasks.py", "class TaskTests(TestCase): ...")
        self.assertEqual(
            violations((self.TASKS, self.LISTS), (tests,)),
            ["tests/leaks/kinds/test_tasks.py: no class inherits DetectorContract"],
        )

    def test_two_detectors_in_a_file_are_found(self):
        """A second detector in one file is named, also one that derives from the first."""
        both = Module(self.TASKS.path, self.TASKS.source + "\nclass Other(TaskDetector): ...")
        self.assertEqual(
            violations((both, self.LISTS), (self.TESTS,)),
            ["asynctestkit/leaks/kinds/tasks.py: holds TaskDetector and Other"],
        )
