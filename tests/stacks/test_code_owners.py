"""The owner of a file's code."""

import asyncio
import contextlib
import os
import subprocess
import sys
import sysconfig
import unittest

import asynctestkit
from asynctestkit.stacks.code_owners import innermost_user_frame, is_machinery, is_own
from tests.case_runs import ROOT, environment

ASYNCIO = os.path.join(os.path.dirname(asyncio.__file__), "any.py")


class IsMachineryTests(unittest.TestCase):
    def test_the_packages_own_files(self):
        """The package's files are its own; those of asyncio, and of tests, are not."""
        self.assertTrue(is_own(asynctestkit.__file__))
        self.assertFalse(is_own(asyncio.__file__))
        self.assertFalse(is_own(__file__))

    def test_what_carries_a_test_is_machinery(self):
        """asyncio, unittest and this package run tests."""
        for file in (asyncio.__file__, asyncio.locks.__file__, unittest.case.__file__, asynctestkit.__file__):
            with self.subTest(file):
                self.assertTrue(is_machinery(file))

    def test_a_path_with_dots(self):
        """The package knows its own code also by a folder such as "tests/.." on the module search path."""
        program = (
            "import asyncio, sys, unittest\n"
            f"sys.path.insert(0, {os.path.join(ROOT, 'tests', '..')!r})\n"
            "from asynctestkit import HygienicAsyncTestCase\n"
            "class Case(HygienicAsyncTestCase):\n"
            "    async def test(self):\n"
            "        asyncio.create_task(asyncio.sleep(3600))\n"
            "        self.fail('on purpose')\n"
            "unittest.main()"
        )
        ended = subprocess.run(
            [sys.executable, "-c", program], env=environment(PYTHONPATH=""), capture_output=True
        )
        printed = ended.stderr.decode()
        self.assertIn("left 1 thing behind", printed)
        self.assertIn("on purpose", printed)
        self.assertEqual(
            [line for line in printed.splitlines() if "runner.py" in line or "case.py" in line], []
        )

    def test_everything_else_is_the_users(self):
        """Tests, other modules of the standard library, and code without a file are not machinery."""
        for file in (__file__, contextlib.__file__, "<string>", os.path.dirname(ASYNCIO) + "2/x.py"):
            with self.subTest(file):
                self.assertFalse(is_machinery(file))


class BelowTheLibraryTests(unittest.TestCase):
    def found_from(self, *files):
        """The file of the frame found in a call through functions of these files, innermost last."""
        frames = []
        call = frames.append
        for file in reversed(files):
            source = "import sys\ndef f(): call(sys._getframe()) if top else call()"
            namespace = {"call": call, "top": call == frames.append}
            exec(compile(source, file, "exec"), namespace)
            call = namespace["f"]
        call()
        return innermost_user_frame(frames[0]).f_code.co_filename

    def test_the_standard_library_is_passed_over(self):
        """The standard library calls on behalf of others, frozen modules included."""
        library = os.path.join(sysconfig.get_path("stdlib"), "socketserver.py")
        self.assertEqual(self.found_from("user.py", library, ASYNCIO, "<frozen os>"), "user.py")

    def test_what_only_lies_in_its_folder_is_not(self):
        """Installed packages, and CPython's own tests, are not the standard library."""
        for folders in (("site-packages", "x"), ("dist-packages", "x"), ("test", "test_asyncio")):
            file = os.path.join(sysconfig.get_path("stdlib"), *folders, "file.py")
            with self.subTest(folders):
                self.assertEqual(self.found_from("user.py", file), file)

    def test_it_ends_where_a_callback_is_run(self):
        """The search ends at a callback: below it is the code that runs the loop."""

        async def main():
            found = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_soon(_give_frame, found)
            return await found

        self.assertEqual(asyncio.run(main()), "_run")

    def test_there_may_be_no_frame(self):
        """Without a frame nothing is found."""
        self.assertIsNone(innermost_user_frame(None))


def _give_frame(found):
    found.set_result(innermost_user_frame(sys._getframe().f_back).f_code.co_name)
