"""The demonstration behind `make demo`: a clean run on real servers, then what each failure looks like."""

import pathlib
import subprocess
import sys

FOLDER = pathlib.Path(__file__).resolve().parent


def modules(folder: pathlib.Path) -> list[str]:
    """The example modules of a folder, by their dotted names."""
    package = ".".join(folder.relative_to(FOLDER.parent).parts)
    return [f"{package}.{file.stem}" for file in sorted(folder.glob("[a-z]*.py"))]


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


def main() -> int:
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


if __name__ == "__main__":
    sys.exit(main())
