"""What a test replaces in the standard library is not replaced for the package."""

import asyncio
import socket
import subprocess
import sys
import threading
import time
import types
import unittest
from unittest import mock

from asynctestkit.cpython import originals


class OriginalsTests(unittest.TestCase):
    def test_a_patch_is_not_seen(self):
        """Each module is unchanged, whatever a test has patched in it."""
        for name in ("asyncio.sleep", "gc.collect", "os.stat", "random.seed", "signal.signal", "time.sleep"):
            with self.subTest(name):
                module, _, attribute = name.partition(".")
                before = getattr(getattr(originals, module), attribute)
                with mock.patch(name):
                    self.assertIs(getattr(getattr(originals, module), attribute), before)

    def test_the_classes_are_the_same(self):
        """The classes of a copy are those of the module, so that isinstance works."""
        self.assertIs(originals.asyncio.Task, asyncio.Task)
        self.assertIs(originals.socket.socket, socket.socket)
        self.assertIs(originals.subprocess.Popen, subprocess.Popen)
        self.assertIs(originals.threading.Thread, threading.Thread)

    def test_what_replaces_names_in_every_module_does_not_find_them(self):
        """freezegun, which replaces functions of `time` in every loaded module, does not find the copies."""
        real = time.monotonic
        found = [
            name
            for name, module in sys.modules.items()
            if name.startswith("asynctestkit") and any(each is real for each in vars(module).values())
        ]
        self.assertEqual(found, [])

    def test_what_replaces_modules_by_name_does_not_find_them(self):
        """pyfakefs, which replaces every loaded module that is named `os`, does not find the copies."""
        for name in originals.__all__:
            self.assertNotIn(getattr(originals, name).__name__, sys.modules)


class AlreadyReplacedTests(unittest.TestCase):
    """The package may be imported after something has been replaced."""

    def copy_while(self, target, replacement, *classes):
        module, _, name = target.rpartition(".")
        with mock.patch(target, replacement):
            return getattr(originals._copy_of(module, *classes), name)

    def test_a_class_is_replaced_by_a_subclass(self):
        """After pytest-socket has replaced a class by a subclass, the copy has the module's own class."""

        class GuardedSocket(socket.socket):
            pass

        self.assertIs(self.copy_while("socket.socket", GuardedSocket, "socket"), socket.socket)

    def test_a_class_that_does_not_say_where_it_is_from(self):
        """Among all classes there may be one whose metaclass answers no question."""

        class Silent(type):
            def __getattribute__(cls, name):
                raise LookupError(f"asked a class for its {name}")

        silent = Silent("Silent", (), {})
        self.assertIs(self.copy_while("subprocess.Popen", mock.Mock(), "Popen"), subprocess.Popen)
        del silent

    def test_a_class_is_replaced_by_a_mock(self):
        """After a class was replaced by a mock, the class is found among all classes."""
        self.assertIs(self.copy_while("subprocess.Popen", mock.Mock(), "Popen"), subprocess.Popen)

    def test_a_class_that_is_no_more(self):
        """A class that is found nowhere is copied as its replacement."""
        replacement = mock.Mock()
        module = types.ModuleType("gone")
        module.Thing = type("Thing", (), {"__module__": "elsewhere"})
        with mock.patch.dict(sys.modules, gone=module):
            self.assertIs(self.copy_while("gone.Thing", replacement, "Thing"), replacement)
