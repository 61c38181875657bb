"""Each test has its own ports, folders and environment, and restores everything."""

import os
import re
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from asynctestkit import IsolationHelpers, isolation
from asynctestkit.cpython import originals
from tests.case_runs import environment


class HelpersTestCase(unittest.TestCase):
    def helped(self):
        """A test that has the helpers, and has not ended."""

        class Case(IsolationHelpers, unittest.TestCase):
            def test(self):
                pass

        case = Case("test")
        self.addCleanup(case.doCleanups)
        return case


class PortTests(HelpersTestCase):
    def test_it_can_be_bound(self):
        """A port is free for TCP and UDP, on every interface, and below the system's own range."""
        port = self.helped().unusedPort()
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(socket.AF_INET, kind) as server:
                server.bind(("", port))
        self.assertLess(port, 32768)

    def test_each_is_given_once(self):
        """No other test gets a port while its test runs; afterwards it is free."""
        with mock.patch.multiple(isolation, _FIRST_PORT=20_000, _LAST_PORT=21_000):
            case = self.helped()
            taken = {case.unusedPort() for _ in range(30)}
            self.assertEqual(len(taken), 30)
            self.assertTrue(taken.isdisjoint(self.helped().unusedPort() for _ in range(20)))
            program = (
                "import unittest\nfrom asynctestkit import IsolationHelpers, isolation\n"
                "isolation._FIRST_PORT, isolation._LAST_PORT = 20_000, 21_000\n"
                "class T(IsolationHelpers, unittest.TestCase): pass\n"
                "case = T('run')\n"
                "print(*(case.unusedPort() for _ in range(20)))"
            )
            ended = subprocess.run([sys.executable, "-c", program], env=environment(), capture_output=True)
            others = set(map(int, ended.stdout.split()))
            self.assertEqual(len(others), 20, ended.stderr)
            self.assertTrue(taken.isdisjoint(others))
            case.doCleanups()

    def test_one_that_is_bound(self):
        """A port in use is skipped; if there is no other, the test fails."""
        case = self.helped()
        port = case.unusedPort()
        case.doCleanups()
        with mock.patch.multiple(isolation, _FIRST_PORT=port, _LAST_PORT=port):
            with socket.socket() as server:
                server.bind(("", port))
                with self.assertRaisesRegex(AssertionError, f"no port from {port} to {port} is unused"):
                    case.unusedPort()
            self.assertEqual(case.unusedPort(), port)
            with self.assertRaises(AssertionError):
                case.unusedPort()


class SharedPortTests(unittest.TestCase):
    """The locks are in a temporary folder that all users of the machine share."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.folder.chmod(0o1777)
        patched = mock.patch.object(tempfile, "tempdir", str(self.folder))
        patched.start()
        self.addCleanup(patched.stop)
        self.locks = self.folder / "asynctestkit-ports"

    def ports(self, count=1):
        class Case(IsolationHelpers, unittest.TestCase):
            def test(self):
                pass

        case = Case("test")
        self.addCleanup(case.doCleanups)
        return {case.unusedPort() for _ in range(count)}

    def test_everybody_may_use_them(self):
        """Whatever the umask, all users may create files in the folder, and lock those of others."""
        before = os.umask(0o077)
        try:
            (port,) = self.ports()
        finally:
            os.umask(before)
        self.assertEqual(stat.S_IMODE(self.locks.stat().st_mode), 0o1777)
        self.assertEqual(stat.S_IMODE((self.locks / str(port)).stat().st_mode), 0o666)

    def test_nothing_else_is_left(self):
        """The temporary folder has one more folder, also if another process creates it first."""
        exists = Path.exists
        with mock.patch.object(Path, "exists", lambda path: path != self.locks and exists(path)):
            self.ports(3)
            self.ports(3)
        self.assertEqual([each.name for each in self.folder.iterdir()], ["asynctestkit-ports"])

    def test_a_folder_that_is_closed(self):
        """If another user has made the folder inaccessible, the user gets a separate one."""
        self.locks.mkdir()
        with mock.patch.object(os, "access", return_value=False):
            taken = self.ports(3)
        own = self.folder / f"asynctestkit-ports-{os.getuid()}"
        self.assertEqual({int(each.name) for each in own.iterdir()}, taken)
        self.assertEqual(list(self.locks.iterdir()), [])

    def test_a_file_that_is_closed(self):
        """A port whose file another user has made inaccessible is skipped."""

        refused = []

        def refuse(path, *args):
            if not refused:
                refused.append(int(path.name))
                raise PermissionError(13, "Permission denied", path)
            return opened(path, *args)

        opened = os.open
        with mock.patch.object(originals.os, "open", refuse):
            self.assertTrue(self.ports().isdisjoint(refused))
        self.assertEqual(len(refused), 1)

    @unittest.skipUnless(hasattr(os, "getuid") and os.getuid() == 0, "only root can be somebody else")
    def test_two_users(self):
        """No two users get the same port, and none is refused, whoever comes first."""
        program = (
            "import os, sys, tempfile, unittest\nfrom asynctestkit import IsolationHelpers, isolation\n"
            "isolation._FIRST_PORT, isolation._LAST_PORT = 20_000, 20_030\n"
            "tempfile.tempdir = sys.argv[1]\n"
            "os.setuid(65534)\n"
            "class T(IsolationHelpers, unittest.TestCase): pass\n"
            "case = T('run')\n"
            "print(*(case.unusedPort() for _ in range(5)))"
        )

        def by_nobody():
            command = [sys.executable, "-c", program, str(self.folder)]
            ended = subprocess.run(command, env=environment(), capture_output=True, text=True)
            ports = set(map(int, ended.stdout.split()))
            self.assertEqual(len(ports), 5, ended.stderr)
            return ports

        with mock.patch.multiple(isolation, _FIRST_PORT=20_000, _LAST_PORT=20_030):
            by_nobody()
            taken = self.ports(20)
            self.assertTrue(taken.isdisjoint(by_nobody()))
        self.locks.chmod(0o755)
        by_nobody()


class FolderTests(HelpersTestCase):
    def called(self, name):
        case = self.helped()
        case._testMethodName = name
        return case

    def test_any_name_of_a_test(self):
        """A generated test may have any name."""
        for name in ("test_a/b", "test_" + "x" * 300, "test_" + "\N{SNAKE}" * 300, "test\0\n ü"):
            folder = self.called(name).makeTempDir()
            self.assertEqual((folder.is_dir(), folder.parent), (True, Path(tempfile.gettempdir()).resolve()))
            self.assertTrue(folder.name.startswith("test"))

    def test_a_test_that_goes_into_it(self):
        """A test in the folder is moved out of it, also from folders below, or already removed."""
        before = os.getcwd()
        self.addCleanup(os.chdir, before)
        for then in (lambda below: None, Path.rmdir):
            case = self.helped()
            first = case.makeTempDir()
            os.chdir(first)
            below = case.makeTempDir() / "below"
            below.mkdir()
            os.chdir(below)
            then(below)
            case.doCleanups()
            self.assertEqual(os.getcwd(), before)
            self.assertFalse(first.exists())

    def test_a_test_that_goes_elsewhere(self):
        """A test that changes to another folder is left there."""
        self.addCleanup(os.chdir, os.getcwd())
        case, elsewhere = self.helped(), self.helped().makeTempDir()
        case.makeTempDir()
        os.chdir(elsewhere)
        case.doCleanups()
        self.assertEqual(os.getcwd(), str(elsewhere))

    def test_a_test_that_is_nowhere(self):
        """A test that has removed its current folder gets a new one, and is left there."""
        self.addCleanup(os.chdir, os.getcwd())
        gone, case = tempfile.mkdtemp(), self.helped()
        os.chdir(gone)
        os.rmdir(gone)
        self.assertTrue(case.makeTempDir().is_dir())
        case.doCleanups()
        self.assertRaises(FileNotFoundError, os.getcwd)

    def test_a_folder(self):
        """A folder is empty, unique, and removed with its contents."""
        case = self.helped()
        one, other = case.makeTempDir(), case.makeTempDir()
        self.assertNotEqual(one, other)
        self.assertEqual(list(one.iterdir()), [])
        self.assertTrue(re.match(f"test-{os.getpid()}-", one.name))
        (one / "below").mkdir()
        (one / "below" / "file").write_text("text")
        case.doCleanups()
        self.assertFalse(one.exists() or other.exists())


class EnvironmentTests(HelpersTestCase):
    def test_variables(self):
        """Variables are set, changed and removed until the test has ended."""
        with mock.patch.dict(os.environ, OURS_CHANGED="before", OURS_REMOVED="before"):
            before = dict(os.environ)
            case = self.helped()
            case.setEnv(OURS_NEW="1", OURS_CHANGED="2", OURS_REMOVED=None, OURS_ABSENT=None)
            case.setEnv(OURS_CHANGED="3")
            expected = {**before, "OURS_NEW": "1", "OURS_CHANGED": "3"}
            del expected["OURS_REMOVED"]
            self.assertEqual(dict(os.environ), expected)
            case.doCleanups()
            self.assertEqual(dict(os.environ), before)

    def test_a_value_that_is_no_text(self):
        """A value that is no string is rejected before anything is set."""
        before = dict(os.environ)
        with self.assertRaisesRegex(TypeError, r"setEnv\(OURS=1\): expected a str, or None"):
            self.helped().setEnv(OTHER="x", OURS=1)
        self.assertEqual(dict(os.environ), before)
