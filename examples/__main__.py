"""The examples: `python -m examples` lists them, runs those that are named, or with `all` each of them."""

import ast
import difflib
import pathlib
import subprocess
import sys

FOLDER = pathlib.Path(__file__).resolve().parent
READING_ORDER = [
    "fresh_loop",  # the rules of the guide, one after the other: the recipes in GUIDE.md
    "sweeping",
    "stubborn_tasks",
    "task_names",
    "time_budgets",
    "own_timeout",
    "boundary_times",
    "every_python",
    "closing_resources",
    "awaited_not_called",
    "http_session",
    "http_client",
    "scripted_outcomes",
    "wrong_signatures",
    "patch_where_used",
    "worker_pool",
    "task_group",
    "shielded_task",
    "blocking_calls",
    "shared_client",
    "seeded_and_frozen",
    "logs_and_warnings",
    "debug_mode",
    "parallel_runs",
    "beside_pytest",
    "user_profile",
    "echo_server",  # and more of the same, on other subjects
    "database",
    "broker",
    "retry",
    "virtual_time",
    "pipeline",
    "connection_pool",
    "read_through_cache",
    "payments",
    "waiting_pool",
    "reservations",
]
"""From the first test of a service to what only an exploration of its schedules finds."""


def modules(folder: pathlib.Path) -> list[str]:
    """The example modules of a folder, by their dotted names."""
    package = ".".join(folder.relative_to(FOLDER.parent).parts)
    names = sorted(file.stem for file in folder.glob("[a-z]*.py"))
    if folder == FOLDER:
        names.sort(key=READING_ORDER.index)
    return [f"{package}.{name}" for name in names]


def summary(module: str) -> str:
    """The first line of a module's docstring."""
    source = (FOLDER.parent / module.replace(".", "/")).with_suffix(".py").read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]


def run_unittest(*arguments: str) -> subprocess.CompletedProcess[str]:
    """What `python -m unittest` prints for these modules."""
    return subprocess.run(
        [sys.executable, "-m", "unittest", *arguments],
        cwd=FOLDER.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )


def show_index() -> int:
    for title, folder in ("What passes", FOLDER), ("What fails, and how", FOLDER / "failures"):
        print(f"{title}:")
        for module in modules(folder):
            print(f"  {module.removeprefix('examples.'):31} {summary(module)}")
    print("\n`python -m examples retry` runs one of them, `python -m examples all` each.")
    return 0


def run_by_name(names: list[str]) -> int:
    """Runs these as unittest does, in its own process, and returns its exit status; 2 for an unknown name."""
    known = [name.removeprefix("examples.") for name in (*modules(FOLDER), *modules(FOLDER / "failures"))]
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}?" if near else "`python -m examples` lists them"
            print(f"there is no example {name!r}; {hint}", file=sys.stderr)
            return 2
    arguments = [sys.executable, "-m", "unittest", "-v", *(f"examples.{name}" for name in names)]
    return subprocess.run(arguments, cwd=FOLDER.parent).returncode


def run_all() -> int:
    """What `make demo` shows: a clean run on real servers, then what each failure looks like."""
    print("A clean run: servers on loopback, a pipeline, a detector of a project's own", end="\n\n")
    clean = run_unittest("-v", *modules(FOLDER))
    print(clean.stdout)
    wrong = [] if clean.returncode == 0 else ["the clean examples failed"]
    for module in modules(FOLDER / "failures"):
        print(f"And what goes wrong: {module}", end="\n\n")
        failing = run_unittest(module)
        print(failing.stdout)
        if failing.returncode == 0:
            wrong.append(f"{module} did not fail")
    print(*(wrong or ["The clean run passed, and every failure was found."]), sep="\n")
    return len(wrong)


def main(names: list[str]) -> int:
    if not names:
        return show_index()
    return run_all() if names == ["all"] else run_by_name(names)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
