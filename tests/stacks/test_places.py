"""A place is one line of source: captured cheaply, resolved to the user's lines, printed for a reader."""

import asyncio
import os
import sys
import sysconfig
import textwrap
import types
import unittest
from unittest import mock

from asynctestkit.loops.runner import Runner
from asynctestkit.stacks import places
from asynctestkit.stacks.places import (
    Place,
    capture,
    capture_in_task,
    creation_site,
    creators,
    inherit,
    package_call_in,
    resolve,
    user_places,
)

ASYNCIO = os.path.join(os.path.dirname(os.path.abspath(asyncio.__file__)), "any.py")
PACKAGES = os.path.join(sysconfig.get_path("stdlib"), "site-packages")
LIBRARY = """
async def start(count):
    if not count:
        return asyncio.current_task()
    return await asyncio.create_task(start(count - 1))
"""
UNITTEST = os.path.join(os.path.dirname(os.path.abspath(unittest.__file__)), "any.py")


def line():
    """The number of the caller's line."""
    return sys._getframe(1).f_lineno


def defined_in(file, source):
    """The function `f` of that source, compiled as if it were in `file`."""
    namespace = {}
    exec(compile(source, file, "exec"), namespace)
    return namespace["f"]


class PlaceTests(unittest.TestCase):
    def test_below_the_current_folder_the_path_is_relative(self):
        """The path of a project's file is relative to the current folder."""
        file = os.path.join(os.getcwd(), "pkg", "mod.py")
        self.assertEqual(str(Place(file, 7, "f")), f"{os.path.join('pkg', 'mod.py')}:7 in f")

    def test_below_the_standard_library_the_path_is_relative(self):
        """The path of a file of the standard library is relative to the library."""
        file = os.path.join(sysconfig.get_path("stdlib"), "asyncio", "locks.py")
        self.assertEqual(str(Place(file, 7, "f")), f"{os.path.join('asyncio', 'locks.py')}:7 in f")

    def test_elsewhere_the_path_is_whole(self):
        """A file of neither is shown in full."""
        self.assertEqual(str(Place("/elsewhere/mod.py", 7, "f")), "/elsewhere/mod.py:7 in f")

    def test_a_folder_that_only_begins_alike_is_elsewhere(self):
        """`/home/project2` is not below `/home/project`."""
        file = os.getcwd() + "2" + os.sep + "mod.py"
        self.assertEqual(str(Place(file, 7, "f")), f"{file}:7 in f")


class CaptureTests(unittest.TestCase):
    def test_the_last_place_is_the_line_that_creates(self):
        """A site resolves to the lines that led to it, outermost first, each with its own number."""

        def create():
            return capture(sys._getframe(), "test"), line()

        (site, inner), outer = create(), line()
        self.assertEqual(
            resolve(site)[-2:],
            (Place(__file__, outer, self._testMethodName), Place(__file__, inner, "create")),
        )

    def test_the_phase_comes_first(self):
        """A site begins with the phase that it was given."""
        self.assertEqual(capture(sys._getframe(), "tearDown")[0], "tearDown")

    def test_without_a_frame_there_are_no_places(self):
        """An object that C code creates has a phase and no place."""
        self.assertEqual(capture(None, "test"), ["test"])
        self.assertEqual(resolve(["test"]), ())

    def test_asyncio_create_task_is_passed_over(self):
        """The site of `asyncio.create_task(…)` is the caller's; no line is asyncio's."""
        sites = []

        class Loop(asyncio.SelectorEventLoop):
            def create_task(self, coro, **options):
                sites.append(capture(sys._getframe(1), "test"))
                return super().create_task(coro, **options)

        async def start():
            return await asyncio.create_task(asyncio.sleep(0)), line()

        loop = Loop()
        self.addCleanup(loop.close)
        _, number = loop.run_until_complete(start())
        self.assertEqual(resolve(sites[1]), (Place(__file__, number, "start"),))

    def test_it_stops_at_the_callback(self):
        """Lines below a callback of the loop run the loop, and are left out."""
        sites = []
        loop = asyncio.SelectorEventLoop()
        self.addCleanup(loop.close)
        loop.call_soon(lambda: sites.append(capture(sys._getframe(), "test")))
        loop.call_soon(loop.stop)
        loop.run_forever()
        self.assertEqual([place.function for place in resolve(sites[0])], ["<lambda>"])
        self.assertEqual(len(sites[0]), 1 + 2)

    def test_it_keeps_every_line(self):
        """All lines of a deep stack are kept: the outermost is the test's."""

        def deep(levels):
            return deep(levels - 1) if levels else capture(sys._getframe(), "test")

        functions = [place.function for place in resolve(deep(20))]
        self.assertEqual(functions, ["test_it_keeps_every_line", *["deep"] * 21])

    def test_the_line_that_a_task_goes_back_to(self):
        """Through any number of tasks, the test's line precedes those that created the last one."""
        runner = Runner(None, lambda loop: None)
        self.addCleanup(runner.close)
        library = {"asyncio": asyncio}
        exec(compile(LIBRARY, os.path.join(PACKAGES, "client", "_pool.py"), "exec"), library)

        async def test():
            return await library["start"](3), line()

        last, number = runner.run(test())
        places = resolve(creation_site(last))
        self.assertEqual(places, (Place(__file__, number, "test"),))

    def test_what_answers_to_every_name(self):
        """An object of a user's class, or a mock, that has every attribute has no creation site."""
        self.assertIsNone(creation_site(mock.MagicMock()))
        self.assertIsNone(creation_site(mock.AsyncMock()))

    def test_no_line_to_go_back_to(self):
        """A task that the runner has created goes back to no line, nor does code outside of tasks."""
        site = ["test"]
        inherit(site, ["test"])
        self.assertEqual(site, ["test"])
        self.assertIsNone(creation_site(None))
        self.assertEqual(resolve(capture_in_task(sys._getframe(), "test"))[-1].function, self._testMethodName)

    def test_a_short_stack_is_kept_whole(self):
        """A stack without a test is kept to its end."""
        sites = []
        loop = asyncio.SelectorEventLoop()
        self.addCleanup(loop.close)
        # A worker's stack has no test below it, and `run` of the thread is the standard library's.
        loop.run_until_complete(
            loop.run_in_executor(None, lambda: sites.append(capture(sys._getframe(), "")))
        )
        loop.run_until_complete(loop.shutdown_default_executor())
        self.assertEqual(resolve(sites[0])[-1].function, "<lambda>")

    def test_an_offset_before_the_first_line(self):
        """A frame that has not begun to run stands on the line of its definition."""

        def never_run():
            pass

        code = never_run.__code__
        self.assertEqual(resolve(["test", code, -1]), (Place(__file__, code.co_firstlineno, "never_run"),))

    def test_what_was_resolved_is_kept(self):
        """A site is resolved once, in whatever list it is; the number of kept results is limited."""
        code = line.__code__
        known = resolve(["test", code, 0])
        self.assertIs(resolve(["setUp", code, 0]), known)
        with mock.patch.object(places, "_MOST_RESOLVED", 1):
            resolve(["test", code, 2])
            self.assertEqual(len(places._resolved), 1)
        self.assertEqual(resolve(["test", code, 0]), known)
        self.assertIsNot(resolve(["test", code, 0]), known)


class MakersTests(unittest.TestCase):
    def site(self, source, file):
        """The site of an object that a package's `make()` creates, called here."""
        package = {"capture": lambda: capture(sys._getframe(1), "test")}
        exec(compile(textwrap.dedent(source), file, "exec"), package)
        return package["make"]()

    def test_what_the_user_called(self):
        """Of a package's code, the object or function that the user called is named."""
        source = """
            def make():
                return inner()

            def inner():
                return capture()
        """
        site = self.site(source, os.path.join(PACKAGES, "client", "_api.py"))
        self.assertEqual(package_call_in(site), "client.make()")
        self.assertEqual([each.function for each in resolve(site)][-1], "site")
        self.assertEqual(
            package_call_in(self.site(source, os.path.join(PACKAGES, "single.py"))), "single.make()"
        )

    def test_an_object(self):
        """An object is named if the user called its method."""
        file = os.path.join(PACKAGES, "client", "_client.py")
        module = types.ModuleType("client._client")
        module.__file__ = file
        module.capture = lambda: capture(sys._getframe(1), "test")
        exec(compile("class Client:\n    def get(self): return capture()\n", file, "exec"), vars(module))
        with mock.patch.dict(sys.modules, {module.__name__: module}):
            self.assertEqual(package_call_in(module.Client().get()), "client.Client")

    def test_the_users_own(self):
        """What the user creates, or the standard library for the user, has no such package."""
        self.assertEqual(package_call_in(capture(sys._getframe(), "test")), "")
        self.assertEqual(package_call_in(["test"]), "")
        site = self.site("def make(): return capture()", os.path.join(sysconfig.get_path("stdlib"), "x.py"))
        self.assertEqual((package_call_in(site), resolve(site)[-1].function), ("", "site"))

    def test_nothing_of_the_users(self):
        """If no line is the user's own, those of packages are shown."""
        stack = [(os.path.join(PACKAGES, "a.py"), 1, "f"), (ASYNCIO, 2, "g")]
        self.assertEqual(creators(stack), (Place(os.path.join(PACKAGES, "a.py"), 1, "f"),))


class UserPlacesTests(unittest.TestCase):
    def test_machinery_is_left_out(self):
        """Lines of asyncio between the user's own are left out, and the order is reversed."""
        stack = [("/a.py", 1, "inner"), (ASYNCIO, 2, "gather"), ("/a.py", 3, "outer")]
        self.assertEqual(user_places(stack), (Place("/a.py", 3, "outer"), Place("/a.py", 1, "inner")))

    def test_it_ends_where_the_machinery_runs_the_test(self):
        """Lines below unittest's call of the test are left out."""
        for function in ("_callTestMethod", "_callSetUp", "_callCleanup", "run_forever", "run"):
            with self.subTest(function):
                stack = [("/a.py", 1, "test"), (UNITTEST, 2, function), ("/main.py", 3, "main")]
                self.assertEqual(user_places(stack), (Place("/a.py", 1, "test"),))

    def test_a_function_of_the_users_may_have_such_a_name(self):
        """A user's function that is named `run` does not end the search."""
        stack = [("/a.py", 1, "inner"), ("/a.py", 2, "run"), ("/a.py", 3, "outer")]
        self.assertEqual([place.function for place in user_places(stack)], ["outer", "run", "inner"])

    def test_all_are_kept(self):
        """All places are kept; rendering leaves some out."""
        stack = [("/a.py", number, "f") for number in range(1, 10)]
        self.assertEqual([place.line for place in user_places(stack)], list(range(9, 0, -1)))

    def test_no_lines_no_places(self):
        """An empty stack has no places."""
        self.assertEqual(user_places([]), ())
