"""Law 5: every Python block of README and guide runs, and its output is that of the page.

The convention, which a reader of the rendered page does not notice:

- A ```python block is a whole program. One that defines a `test…` method is run by `python -m unittest`, any
  other by `python`, in a temporary folder of its own. Without shown output it must succeed.
- A first line `# name.py` gives the file its name, and later blocks may import it.
- Where the next fence is ```text, that is the expected output (both streams), after normalising folders,
  durations, addresses, and how versions of Python spell a test's name and underline a traceback. A line `...`
  stands for any lines. A program whose output ends in `FAILED` or shows a traceback has to fail.
- `<!-- hidden` … `-->` on lines of their own: Python code put before the block's, where it would distract.
- `<!-- continues -->`: the program of the block before goes on here.
- `<!-- needs: module -->`: run where that module is installed; compiled everywhere.

A comment counts for the next fence.
"""

import ast
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import asynctestkit
from tests.repository.tree import ROOT

TIME_LIMIT = 120
PART = re.compile(
    r"^```(?P<language>\w*)[^\n]*\n(?P<body>.*?)^```[ \t]*$|^<!-- (?P<comment>.*?)-->[ \t]*$",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Program:
    """One Python block with all that belongs to it."""

    line: int
    source: str
    file: str
    needs: str = ""
    output: str | None = None
    command: str | None = None
    """What is run instead of the block, from "-m" on: for a block of shell, its one line."""

    @property
    def is_test(self) -> bool:
        functions = (ast.FunctionDef, ast.AsyncFunctionDef)
        return any(
            isinstance(member, functions) and member.name.startswith("test")
            for node in ast.walk(ast.parse(self.source))
            if isinstance(node, ast.ClassDef)
            for member in node.body
        )

    @property
    def can_run(self) -> bool:
        return not self.needs or importlib.util.find_spec(self.needs) is not None

    @property
    def has_to_fail(self) -> bool:
        return bool(re.search(r"^(FAILED|Traceback )", self.output or "", re.MULTILINE))


def programs(text: str) -> list[Program]:
    """The Python blocks of a Markdown text, and the shell blocks marked as compared, in order."""
    found: list[Program] = []
    before = needs = ""
    is_compared = program_was_last = False
    for part in PART.finditer(text):
        comment, language, body = part["comment"], part["language"], part["body"]
        if comment is not None:
            if comment.startswith("hidden\n"):
                before += comment.removeprefix("hidden\n")
            elif comment.strip() == "continues":
                before = found[-1].source + before
            elif comment.startswith("needs: "):
                needs = comment.removeprefix("needs: ").strip()
            elif comment.strip() == "compared":
                is_compared = True
            continue
        line = text.count("\n", 0, part.start()) + 1
        is_program = language == "python" or (language == "sh" and is_compared)
        if language == "python":
            named = re.match(r"# ([\w.]+\.py)\n", body)
            found.append(Program(line, before + body, named[1] if named else "example.py", needs))
        elif is_program:
            found.append(Program(line, "", "example.py", command=body.strip().removeprefix("python ")))
        elif language == "text" and program_was_last:
            found[-1] = replace(found[-1], output=body)
        program_was_last = is_program
        before, needs, is_compared = "", "", False
    return found


def normalised(output: str, folder: str) -> list[str]:
    output = output.replace(f"{folder}{os.sep}", "").replace(f"{ROOT}{os.sep}", "")
    output = re.sub(r"\bin \d+\.\d+s", "in 0.000s", output)
    output = re.sub(r"\b\d+\.\d{3} s\b", "0.000 s", output)
    output = re.sub(r"(asyncio/\w+\.py):\d+", r"\1:…", output)
    output = re.sub(r"'Task-\d+'", "'Task-…'", output)
    output = re.sub(r"\b0x[0-9a-fA-F]+", "0x…", output)
    # From 3.11 unittest repeats the method's name in brackets; the underlining of tracebacks varies.
    output = re.sub(r"^((?:FAIL|ERROR): (\w+) \([\w.]+)\.\2\)", r"\1)", output, flags=re.MULTILINE)
    return [line.rstrip() for line in output.strip().splitlines() if not re.fullmatch(r"\s+[\^~ ]+", line)]


def matches(expected: list[str], actual: list[str]) -> bool:
    pattern = "".join("(?:.*\n)*?" if line.strip() == "..." else re.escape(line) + "\n" for line in expected)
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in actual)) is not None


def environment() -> dict[str, str]:
    """The environment of a plain run, without the settings of this test run."""
    ours = (
        "ASYNCTESTKIT_",
        "PYTEST_",
        "PYTHONWARNINGS",
        "PYTHONDEVMODE",
        "PYTHONASYNCIODEBUG",
        "FORCE_COLOR",
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1", "PYTHONUTF8": "1"}


def fault(program: Program, earlier: list[Program]) -> str | None:
    """The fault of a block; None if it does what the README says."""
    compile(program.source, program.file, "exec")
    if not program.can_run:
        return None
    with tempfile.TemporaryDirectory() as folder:
        for written in [*(other for other in earlier if other.file != "example.py"), program]:
            Path(folder, written.file).write_text(written.source, encoding="utf-8")
        arguments = ["-m", "unittest", Path(program.file).stem] if program.is_test else [program.file]
        if program.command is not None:
            arguments = program.command.split()
        ended = subprocess.run(
            [sys.executable, *arguments],
            cwd=folder, env=environment(), timeout=TIME_LIMIT, encoding="utf-8",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        actual = normalised(ended.stdout, os.path.realpath(folder))
    printed = "\n".join(actual)
    if program.has_to_fail != (ended.returncode != 0):
        return f"ended with {ended.returncode} and printed:\n{printed}"
    if program.output is not None and not matches(normalised(program.output, folder), actual):
        return f"printed, unlike the page:\n{printed}"
    return None


class ReadmeTests(unittest.TestCase):
    def check(self, page, part=slice(None)):
        blocks = programs((ROOT / page).read_text(encoding="utf-8"))
        checked, earlier = blocks[part], [blocks[:number] for number in range(len(blocks))][part]
        self.assertTrue(checked)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            faults = list(pool.map(fault, checked, earlier))
        for block, found in zip(checked, faults, strict=True):
            with self.subTest(line=block.line):
                self.assertIsNone(found, f"{page}:{block.line} {found}")

    def test_every_block_of_the_readme_does_what_it_says(self):
        """Every Python block of the README runs and prints the shown output."""
        self.check("README.md")

    def test_every_block_of_the_guide_does_what_it_says(self):
        """Every fourth block of the guide runs and prints what it shows; the next tests have the others."""
        self.check("examples/GUIDE.md", slice(0, None, 4))

    def test_every_block_of_the_guide_does_what_it_says_second_part(self):
        """So does every fourth block from the second on."""
        self.check("examples/GUIDE.md", slice(1, None, 4))

    def test_every_block_of_the_guide_does_what_it_says_third_part(self):
        """So does every fourth block from the third on."""
        self.check("examples/GUIDE.md", slice(2, None, 4))

    def test_every_block_of_the_guide_does_what_it_says_fourth_part(self):
        """So does every fourth block from the fourth on."""
        self.check("examples/GUIDE.md", slice(3, None, 4))

    def test_the_readme_is_short(self):
        """The README is short enough to be read in one go; the guide has the rest."""
        text = (ROOT / "README.md").read_text(encoding="utf-8")
        self.assertLessEqual(text.count("\n"), 250)
        self.assertLessEqual(len(text), 8_000)

    def test_changes_begin_with_this_version(self):
        """The newest entry of the change log has the version of the package."""
        changes = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## Changes\n")[2]
        self.assertEqual(re.findall(r"(?m)^- \*\*([\d.]+)\*\* \w", changes)[0], asynctestkit.__version__)

    def test_folders_that_it_describes_are_there(self):
        """The tree under "How it is built" has every folder of the package, and no other."""
        text = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## How it is built\n")[2]
        described = re.findall(r"\b(\w+)/", text.partition("\nA test's way")[0])
        folders = [path.parent.name for path in (ROOT / "asynctestkit").rglob("__init__.py")]
        self.assertEqual(sorted(described), sorted(folders))

    def test_links_lead_to_sections(self):
        """Each link of the README into the guide names an existing heading."""
        headings = re.findall(r"(?m)^## (.+)$", (ROOT / "examples/GUIDE.md").read_text(encoding="utf-8"))
        anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
        links = re.findall(r"GUIDE\.md#([\w-]+)", (ROOT / "README.md").read_text(encoding="utf-8"))
        self.assertGreater(len(links), 10)
        self.assertEqual([link for link in links if link not in anchors], [])


class ReadmeCheckerTests(unittest.TestCase):
    FAILING_TEST = (
        "```python\nimport unittest\nclass T(unittest.TestCase):\n"
        "    def test_x(self):\n        self.fail('no')\n```\n"
    )

    def faults(self, text):
        blocks = programs(text)
        return [fault(block, blocks[:number]) for number, block in enumerate(blocks)]

    def test_a_block_that_raises_is_found(self):
        """A program that fails is a fault with its output."""
        (found,) = self.faults("```python\n1 / 0\n```")
        self.assertIn("ZeroDivisionError", found)

    def test_a_block_with_a_failing_test_is_found(self):
        """A block that defines tests is run by unittest, so that their failures count."""
        (found,) = self.faults(self.FAILING_TEST)
        self.assertIn("FAILED (failures=1)", found)

    def test_a_failure_that_is_shown_is_expected(self):
        """Shown output that ends in FAILED is compared, whatever the folder, version and duration."""
        shown = (
            '```text\nF\n...\nFAIL: test_x (example.T)\n...\n  File "example.py", line 4, in test_x\n'
            "    self.fail('no')\nAssertionError: no\n\n...\n"
            "Ran 1 test in 12.345s\n\nFAILED (failures=1)\n```"
        )
        self.assertEqual(self.faults(f"{self.FAILING_TEST}Prose.\n{shown}"), [None])
        (found,) = self.faults(f"{self.FAILING_TEST}{shown.replace(': no', ': yes')}")
        self.assertIn("unlike the page", found)

    def test_other_output_than_shown_is_found(self):
        """The next text fence is the expected output, and a fence in between takes it away."""
        self.assertEqual(self.faults("```python\nprint(1)\n```\nIt prints\n```text\n1\n```"), [None])
        self.assertIn("unlike", self.faults("```python\nprint(2)\n```\n```text\n1\n```")[0])
        self.assertEqual(self.faults("```python\nprint(2)\n```\n```sh\nls\n```\n```text\n1\n```"), [None])

    def test_a_success_where_failure_is_shown_is_found(self):
        """A program that the README shows failing must not succeed."""
        (found,) = self.faults("```python\nprint('FAILED')\n```\n```text\nFAILED\n```")
        self.assertIn("ended with 0", found)

    def test_a_command_is_compared(self):
        """A marked line of shell is run in the folder of the named files, and its output is compared."""
        text = "```python\n# named.py\nprint(1)\n```\n<!-- compared -->\n```sh\npython named.py\n```\n"
        self.assertEqual(self.faults(f"{text}```text\n1\n```"), [None, None])
        self.assertIn("unlike", self.faults(f"{text}```text\n2\n```")[1])
        self.assertEqual(self.faults("```sh\npython no.py\n```"), [])

    def test_code_is_hidden_continued_and_imported(self):
        """Hidden code comes first, a block may be continued, and a named file can be imported later."""
        self.assertEqual(
            self.faults(
                "<!-- hidden\nx = 1\n-->\n```python\n# named.py\ny = x + 1\n```\n"
                "<!-- continues -->\n```python\nassert (x, y) == (1, 2)\n```\n"
                "```python\nfrom named import y\nassert y == 2\n```\n"
                "```python\nassert 'x' not in globals()\n```\n"
            ),
            [None] * 4,
        )

    def test_a_block_that_needs_an_absent_module_is_compiled(self):
        """A block for an absent module must at least compile."""
        absent = "<!-- needs: no_such_module -->"
        self.assertEqual(self.faults(f"{absent}\n```python\nimport no_such_module\n```"), [None])
        with self.assertRaises(SyntaxError):
            self.faults(f"{absent}\n```python\nimport\n```")

    def test_three_dots_stand_for_any_lines(self):
        """A line of three dots matches any number of lines; every other line must be there."""
        self.assertTrue(matches(["a", "...", "b"], ["a", "b"]))
        self.assertTrue(matches(["a", "...", "b"], ["a", "x", "y", "b"]))
        self.assertFalse(matches(["a", "...", "b"], ["a", "x"]))
        self.assertFalse(matches(["a"], ["a", "b"]))

    def test_addresses_are_normalised(self):
        """Addresses, which differ from run to run, are ignored."""
        self.assertEqual(normalised("<Task at 0x7f12>\n     ^^^~~\n", "/tmp"), ["<Task at 0x…>"])
