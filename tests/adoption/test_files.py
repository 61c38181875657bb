"""The files that a run writes on request."""

import json
import os
import tempfile
import types
import unittest
from pathlib import Path

from asynctestkit.adoption.baseline import Baseline
from asynctestkit.adoption.files import fault_of_folder, write_files
from asynctestkit.adoption.noted_results import NotedTest
from tests.adoption.records import leak, record


class FilesTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def paths(self, **names):
        wanted = dict.fromkeys(("json", "html", "junit")) | names
        return types.SimpleNamespace(**{k: v and str(self.folder / v) for k, v in wanted.items()})

    def write(self, baseline=None, *, is_complete=True, **names):
        made = record(("T.a", leak()))
        made.is_complete = is_complete
        return write_files(made, self.paths(**names), baseline, [NotedTest("T.a")], [])

    def test_what_is_wanted_is_written(self):
        """The files that were asked for are written, and no others."""
        self.assertEqual(self.write(), [])
        self.assertEqual(os.listdir(self.folder), [])
        self.assertEqual(self.write(json="a.json", html="a.html", junit="a.xml"), [])
        self.assertEqual(sorted(os.listdir(self.folder)), ["a.html", "a.json", "a.xml"])
        self.assertEqual(json.loads((self.folder / "a.json").read_text())["leaks"], 1)
        self.assertIn('name="a"', (self.folder / "a.xml").read_text())

    def test_a_baseline(self):
        """A run that was stopped removes nothing from a baseline."""
        path = str(self.folder / "b.json")
        self.assertEqual(self.write(Baseline(path)), [])
        known = Baseline.read(path)
        self.assertEqual([entry.identity.name for entry in known.entries], ["bg:feed"])
        made = record()
        made.is_complete = False
        self.assertEqual(write_files(made, self.paths(), known, None, []), [])
        self.assertEqual(Baseline.read(path).entries, known.entries)

    def test_what_cannot_be_written(self):
        """A file that cannot be written is reported, and the other files are written all the same."""
        faults = self.write(json="no/a.json", html="a.html")
        self.assertEqual(
            faults, [f"{self.folder / 'no/a.json'} cannot be written: No such file or directory"]
        )
        self.assertEqual(os.listdir(self.folder), ["a.html"])
        faults = self.write(Baseline(str(self.folder / "no" / "b.json")))
        self.assertEqual(
            faults, [f"{self.folder / 'no/b.json'} cannot be written: No such file or directory"]
        )


class FolderTests(unittest.TestCase):
    def test_faults_known_beforehand(self):
        """A missing folder, and a folder in the place of the file, are found before the run."""
        with tempfile.TemporaryDirectory() as folder:
            self.assertIsNone(fault_of_folder(os.path.join(folder, "a.json")))
            self.assertIn("it is a folder", fault_of_folder(folder))
            self.assertIn("there is no folder", fault_of_folder(os.path.join(folder, "no", "a.json")))
