"""Files that are written whole or not at all."""

import json
import os
import stat
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from asynctestkit.adoption.whole_file import write_whole


class WriteWholeTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.file = self.folder / "report.json"

    def test_a_new_file(self):
        """A new file has the permissions of any new file, and no temporary file remains."""
        write_whole(str(self.file), "é\n")
        self.assertEqual(self.file.read_bytes(), "é\n".encode())
        (self.folder / "other").touch()
        self.assertEqual(self.file.stat().st_mode, (self.folder / "other").stat().st_mode)
        self.assertEqual(sorted(os.listdir(self.folder)), ["other", "report.json"])

    def test_what_cannot_be_encoded(self):
        """A part of a file's name that is no text is written as an escape sequence, which JSON reads back."""
        name = os.fsdecode(b"caf\xe9")
        write_whole(str(self.file), f'["{name}"]')
        self.assertEqual(json.loads(self.file.read_bytes()), [name])

    def test_a_file_that_is_there(self):
        """The text of an existing file is replaced; its permissions, and a link to it, stay."""
        self.file.write_text("before")
        self.file.chmod(0o640)
        link = self.folder / "link"
        link.symlink_to(self.file)
        write_whole(str(link), "after")
        self.assertEqual(self.file.read_text(), "after")
        self.assertTrue(link.is_symlink())
        self.assertEqual(stat.S_IMODE(self.file.stat().st_mode), 0o640)

    def test_an_interruption(self):
        """Ctrl-C at the last moment leaves the old file, and no other."""
        self.file.write_text("before")
        with mock.patch("asynctestkit.adoption.whole_file.os.replace", side_effect=KeyboardInterrupt):
            with self.assertRaises(KeyboardInterrupt):
                write_whole(str(self.file), "after")
        self.assertEqual(self.file.read_text(), "before")
        self.assertEqual(os.listdir(self.folder), ["report.json"])

    def test_a_folder_that_is_not_there(self):
        """A missing folder is an OSError."""
        with self.assertRaises(FileNotFoundError):
            write_whole(str(self.folder / "no" / "report.json"), "")
