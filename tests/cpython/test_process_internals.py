"""Canaries for children, sockets and warnings of unclosed objects: each says what has moved."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import types
import unittest
import warnings
from unittest import mock

from asynctestkit.cpython import originals, process_internals
from asynctestkit.cpython.process_internals import WarningHook


class Hooked(unittest.TestCase):
    """Hooks are permanent; a test removes its own again."""

    def setUp(self):
        self.seen = []

    def restore(self, owner, name):
        self.addCleanup(setattr, owner, name, getattr(owner, name))

    def note(self, thing, frame):
        self.seen.append((thing, frame.f_code.co_name))

    def things(self):
        return [thing for thing, _ in self.seen]


class MadeTests(Hooked):
    def test_hook_sockets(self):
        """Every socket goes through `socket.__init__`: created, accepted, of a pair, duplicated, of TLS."""
        self.restore(socket.socket, "__init__")
        process_internals.hook_sockets(self.note)
        with (
            socket.create_server(("127.0.0.1", 0)) as listener,
            socket.create_connection(listener.getsockname()) as client,
            listener.accept()[0] as accepted,
            accepted.dup() as copy,
        ):
            self.assertEqual(self.things(), [listener, client, accepted, copy])

    def test_hook_children(self):
        """Every child goes through `Popen._execute_child`, asyncio's too, unless it fails to start."""
        self.restore(subprocess.Popen, "_execute_child")
        process_internals.hook_children(self.note)

        async def start():
            process = await asyncio.create_subprocess_exec("true")
            child = process_internals.popen_of(process._transport)
            await process.wait()
            return child

        with subprocess.Popen("true") as child:
            pass
        of_asyncio = asyncio.run(start())
        with self.assertRaises(FileNotFoundError):
            subprocess.Popen("/no/such/command")
        self.assertEqual(self.things(), [child, of_asyncio])


class SockAcceptTests(unittest.IsolatedAsyncioTestCase):
    async def test_it_is_the_name_of_the_function(self):
        """The socket that `loop.sock_accept` returns is created in a function of that name."""
        self.assertTrue(hasattr(asyncio.SelectorEventLoop, process_internals.SOCK_ACCEPT))


class ChildTests(unittest.IsolatedAsyncioTestCase):
    async def test_popen_of(self):
        """A transport has its Popen until it is closed."""
        process = await asyncio.create_subprocess_exec("true")
        transport = process._transport
        self.assertIsInstance(transport, process_internals.SUBPROCESS_TRANSPORT)
        self.assertEqual(process_internals.popen_of(transport).pid, process.pid)
        await process.wait()
        await asyncio.sleep(0)
        self.assertIsNone(process_internals.popen_of(transport))

    def test_helpers_of_multiprocessing_and_started_by_multiprocessing(self):
        """The resource tracker and the fork server are found as children once a context has started them."""
        program = (
            "import multiprocessing as m, os, asynctestkit.cpython.process_internals as p\n"
            "print(len(p.helpers_of_multiprocessing()))\n"
            "if __name__ == '__main__':\n"
            "    m.get_context('spawn').Lock(); print(len(p.helpers_of_multiprocessing()))\n"
            "    process = m.get_context('forkserver').Process(target=int); process.start()\n"
            "    print(p.started_by_multiprocessing() == {process.pid}); process.join()\n"
            "    for helper in p.helpers_of_multiprocessing():\n"
            "        print(os.waitid(os.P_PID, helper, os.WEXITED | os.WNOHANG | os.WNOWAIT))\n"
        )
        finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
        self.assertEqual(finished.stdout.split(), ["0", "1", "True", "None", "None"], finished.stderr)

    def test_multiprocessing_that_another_thread_imports(self):
        """A module that has not finished its import has started and kept no processes."""
        names = ("process", "resource_tracker", "forkserver")
        begun = {f"multiprocessing.{name}": types.ModuleType(name) for name in names}
        with mock.patch.dict(sys.modules, begun):
            self.assertEqual(process_internals.started_by_multiprocessing(), set())
            self.assertEqual(process_internals.helpers_of_multiprocessing(), set())

    def test_has_ended(self):
        """A child that has ended is detected, and can still be waited for."""
        with subprocess.Popen(("sleep", "30")) as child:
            self.assertFalse(process_internals.has_ended(child.pid))
            child.send_signal(signal.SIGKILL)
            os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
            self.assertTrue(process_internals.has_ended(child.pid))
            self.assertEqual(child.wait(), -signal.SIGKILL)
        self.assertTrue(process_internals.has_ended(child.pid))

    def test_has_ended_where_it_cannot_be_asked(self):
        """Without `waitid`, False is returned."""
        with mock.patch.object(originals.os, "waitid", create=True):
            del originals.os.waitid
            self.assertFalse(process_internals.has_ended(1))


class HookResourceWarningsTests(unittest.TestCase):
    def warnings_in(self, action, *, wants, takes):
        """What the hook is called with, and what warnings are issued, when a socket is dropped."""
        shown_to_hook = []

        def hook(text, thing):
            shown_to_hook.append((text.startswith("unclosed <socket"), type(thing)))
            return takes

        with warnings.catch_warnings(record=True) as shown:
            warnings.simplefilter(action)
            undo = process_internals.hook_resource_warnings(WarningHook(lambda: wants, hook))
            socket.socket()
            undo()
        return shown_to_hook, [each.category for each in shown]

    def test_a_thing_that_is_taken(self):
        """A hook that takes the object gets text and object; no warning is issued, whatever the filters."""
        for action in ("ignore", "always", "error"):
            with self.subTest(action):
                heard = self.warnings_in(action, wants=True, takes=True)
                self.assertEqual(heard, ([(True, socket.socket)], []))

    def test_a_thing_that_is_not_taken(self):
        """If the hook does not take the object, the warning is issued as the filters say."""
        for action, expected in (("ignore", []), ("always", [ResourceWarning])):
            with self.subTest(action):
                heard = self.warnings_in(action, wants=True, takes=False)
                self.assertEqual(heard, ([(True, socket.socket)], expected))

    def test_a_hook_that_does_not_listen(self):
        """A hook that is not listening is not called."""
        self.assertEqual(self.warnings_in("always", wants=False, takes=True), ([], [ResourceWarning]))

    def test_whose_finalizer_warns(self):
        """For a warning without a source the object is that of the `__del__` that warns, or None."""

        class Quiet:
            def __del__(this):
                self.warn()

        heard = []
        undo = process_internals.hook_resource_warnings(
            WarningHook(lambda: True, lambda text, thing: heard.append((text, type(thing))) or True)
        )
        Quiet()
        self.warn()
        undo()
        self.assertEqual(heard, [("not closed", Quiet), ("not closed", type(None))])

    def warn(self):
        warnings.warn("not closed", ResourceWarning, stacklevel=1)

    def test_a_warning_that_is_not_taken_comes_once_a_line(self):
        """Under "default" a warning not taken is shown once a line, by the registry of its module."""
        lines = []
        with warnings.catch_warnings(record=True) as shown:
            warnings.simplefilter("default")
            undo = process_internals.hook_resource_warnings(
                WarningHook(lambda: True, lambda text, thing: lines.append(text))
            )
            for _ in range(2):
                self.warn()
            undo()
        self.assertEqual((lines, len(shown)), (["not closed"] * 2, 1))

    def test_other_warnings(self):
        """Other warnings are issued as usual."""
        with warnings.catch_warnings(record=True) as shown:
            warnings.simplefilter("always")
            undo = process_internals.hook_resource_warnings(WarningHook(lambda: True, self.fail))
            warnings.warn("text", UserWarning, stacklevel=1)
            undo()
        self.assertEqual([each.category for each in shown], [UserWarning])

    def test_the_hooks_of_overlapping_blocks(self):
        """Hooks are undone in any order, the innermost is asked, and in the end everything is restored."""
        before, show = list(warnings.filters), warnings._showwarnmsg
        taken = []
        first = process_internals.hook_resource_warnings(WarningHook(lambda: True, self.fail))
        second = process_internals.hook_resource_warnings(
            WarningHook(lambda: True, lambda text, _: taken.append(text) is None)
        )
        first()
        socket.socket()
        second()
        self.assertEqual(len(taken), 1)
        self.assertEqual((list(warnings.filters), warnings._showwarnmsg), (before, show))
