"""The plug-in for pytest, without pytest: what it adds, and what its hooks do.

`make interop` runs it with a real pytest.
"""

import asyncio
import os
import sys
import tempfile
import types
import unittest
from pathlib import Path
from unittest import mock

from asynctestkit import pytest_plugin
from asynctestkit.leaks.listeners import listeners
from tests.adoption.records import leak, record
from tests.case_runs import run


class UsageError(Exception):
    pass


class Failed(Exception):
    pass


def fail(text, pytrace):
    raise Failed(text)


class Manager:
    """The parts of pytest's plug-in manager that are called."""

    def __init__(self, *names):
        self.names = names
        self.registered = []

    def hasplugin(self, name):
        return name in self.names

    def register(self, plugin):
        self.registered.append(plugin)


class Config:
    def __init__(self, *plugins, **options):
        self.options = options
        self.pluginmanager = Manager(*plugins)

    def getoption(self, name):
        return self.options.get(name)


class Session(types.SimpleNamespace):
    def __init__(self, config=None, **attributes):
        super().__init__(config=config, exitstatus=0, shouldfail=False, shouldstop=False, **attributes)


class Terminal:
    def __init__(self):
        self.lines = []

    def section(self, title):
        self.lines.append(title)

    def write_line(self, line):
        self.lines.append(line)


class Suites:
    """The tests that are run; unittest does not look for tests in here."""

    class Suite(unittest.IsolatedAsyncioTestCase):
        async def test(self):
            if os.environ.get("LEAKS"):
                asyncio.create_task(asyncio.sleep(3600), name="bg:feed")


class PluginCase(unittest.TestCase):
    def setUp(self):
        pytest = types.ModuleType("pytest")
        vars(pytest).update(UsageError=UsageError, fail=fail, fixture=lambda function: function)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ASYNCTESTKIT_")}
        for patch in (
            mock.patch.dict(sys.modules, {"pytest": pytest}),
            mock.patch.dict(os.environ, {**kept, "LEAKS": "yes"}, clear=True),
        ):
            patch.start()
            self.addCleanup(patch.stop)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = str(Path(folder.name, "leaks.json"))

    def configured(self, *plugins, **options):
        config = Config(*plugins, **options)
        pytest_plugin.pytest_configure(config)
        return config

    def call(self, config, name, *arguments):
        """Calls a hook of everything that is registered, the latest first."""
        for plugin in reversed(config.pluginmanager.registered):
            if hasattr(plugin, name):
                getattr(plugin, name)(*arguments)

    def run_suite(self, config, exitstatus=0, **attributes):
        """Runs a session of one test; returns the session."""
        session = Session(config, **attributes)
        before = list(listeners)
        self.call(config, "pytest_collection_finish", session)
        self.call(config, "pytest_runtest_setup", None)
        self.outcome = run(Suites.Suite)
        self.finish(config, session, exitstatus)
        self.assertEqual(listeners, before)
        return session

    def finish(self, config, session, exitstatus=0):
        for plugin in reversed(config.pluginmanager.registered):
            finish = getattr(plugin, "pytest_sessionfinish", None)
            if finish is not None:
                names = finish.__code__.co_varnames[: finish.__code__.co_argcount]
                finish(session, *([exitstatus] if "exitstatus" in names else []))

    def summary(self, config):
        terminal = Terminal()
        self.call(config, "pytest_terminal_summary", terminal)
        return terminal.lines


class OptionTests(PluginCase):
    def test_the_options(self):
        """The options are in a group of their own, with a common prefix."""
        group = mock.Mock()
        pytest_plugin.pytest_addoption(mock.Mock(getgroup=mock.Mock(return_value=group)))
        names = [call.args[0] for call in group.addoption.call_args_list]
        self.assertEqual(names, ["--hygiene", "--hygiene-baseline", "--hygiene-write-baseline"])

    def test_without_an_option_there_is_the_fixture_only(self):
        """Without an option only the fixture is registered, and nothing else is guarded."""
        self.assertEqual(len(self.configured().pluginmanager.registered), 1)

    def test_wrong_use(self):
        """Wrong use ends pytest before the collection."""
        for options, message in (
            ({"hygiene_baseline": "b.json"}, "a baseline needs --hygiene"),
            ({"hygiene": "report", "hygiene_baseline": "no.json"}, "cannot be read"),
            ({"hygiene": "report", "hygiene_write_baseline": "/no/folder/b.json"}, "there is no folder"),
        ):
            with self.subTest(options), self.assertRaisesRegex(UsageError, message):
                self.configured(**options)
        with mock.patch.dict(os.environ, ASYNCTESTKIT_DEADLINE="soon"):
            with self.assertRaisesRegex(UsageError, "ASYNCTESTKIT_DEADLINE"):
                self.configured()


class RunTests(PluginCase):
    def test_a_report(self):
        """With `report` nothing fails; the summary has the table and the total."""
        config = self.configured(hygiene="report")
        session = self.run_suite(config)
        self.assertEqual((self.outcome.kinds, session.exitstatus), (["ok"], 0))
        lines = self.summary(config)
        self.assertEqual((lines[0], lines[-1]), ("left behind", "1 test, 1 leaky (1 leak at 1 place)"))

    def test_a_failure(self):
        """With `fail` a leaky test fails."""
        self.run_suite(self.configured(hygiene="fail"))
        self.assertEqual(self.outcome.kinds, ["FAIL"])

    def test_a_baseline(self):
        """Known leaks are accepted; any other fails the run, if nothing else has."""
        self.run_suite(self.configured(hygiene="report", hygiene_write_baseline=self.file))
        known = {"hygiene": "fail", "hygiene_baseline": self.file}
        self.assertEqual(self.run_suite(self.configured(**known)).exitstatus, 0)
        self.assertEqual(self.outcome.kinds, ["ok"])
        os.environ["LEAKS"] = ""
        config = self.configured(**known)
        self.run_suite(config)
        self.assertIn("no longer matches anything", self.summary(config)[1])
        config = self.configured(hygiene="report", hygiene_write_baseline=self.file)
        self.run_suite(config)
        os.environ["LEAKS"] = "yes"
        self.assertEqual(self.run_suite(self.configured(**known | {"hygiene": "report"})).exitstatus, 1)

    def test_a_run_that_was_stopped(self):
        """A run stopped by `-x` or Ctrl-C removes nothing from a baseline, and reports no unmet entry."""
        self.run_suite(self.configured(hygiene="report", hygiene_write_baseline=self.file))
        os.environ["LEAKS"] = ""
        for exitstatus, attributes in ((0, {"shouldfail": "stopping"}), (2, {})):
            with self.subTest(attributes):
                config = self.configured(
                    hygiene="report", hygiene_baseline=self.file, hygiene_write_baseline=self.file
                )
                session = Session(config)
                vars(session).update(attributes)
                self.finish(config, session, exitstatus)
                self.assertEqual(self.summary(config)[1:], ["0 tests, none leaky"])
                self.assertIn("bg:feed", Path(self.file).read_text())

    def test_a_baseline_that_cannot_be_written(self):
        """A baseline that cannot be written is reported in the summary, and fails the run."""
        config = self.configured(hygiene="report", hygiene_write_baseline=self.file)
        with mock.patch(
            "asynctestkit.adoption.whole_file.os.replace", side_effect=PermissionError(13, "Denied")
        ):
            session = self.run_suite(config)
        self.assertEqual(session.exitstatus, 1)
        self.assertEqual(self.summary(config)[1], f"{self.file} cannot be written: Denied")


class ProcessesTests(PluginCase):
    def test_a_process_of_xdist(self):
        """A worker of xdist sends its record to the main process, which reports all of them."""
        worker = Config("xdist", hygiene="report")
        worker.workerinput, worker.workeroutput = {}, {}
        pytest_plugin.pytest_configure(worker)
        self.run_suite(worker)
        self.assertEqual(self.summary(worker), [])
        controller = self.configured("xdist", hygiene="report")
        for _ in range(2):
            node = types.SimpleNamespace(workeroutput=worker.workeroutput)
            self.call(controller, "pytest_testnodedown", node, None)
        self.finish(controller, Session(controller))
        self.assertEqual(self.summary(controller)[-1], "2 tests, 1 leaky (2 leaks at 1 place)")

    def test_a_process_that_has_crashed(self):
        """After a crash of a worker the record is incomplete."""
        made = record(("T.a", leak()))
        pytest_plugin._Collector(made).pytest_testnodedown(types.SimpleNamespace(), "crashed")
        self.assertFalse(made.is_complete)


class FixtureTests(PluginCase):
    def request(self, function, instance=None):
        node = types.SimpleNamespace(name="test_x", nodeid="test_x.py::test_x", obj=function)
        return types.SimpleNamespace(node=node, function=function, instance=instance)

    def fixture(self, request):
        (fixtures,) = self.configured().pluginmanager.registered
        return fixtures.no_leaks(request)

    def test_the_function_is_guarded_while_the_fixture_is_there(self):
        """The function is guarded while the fixture is active, and restored afterwards."""

        async def function():
            asyncio.create_task(asyncio.sleep(3600), name="bg:feed")

        request = self.request(function)
        fixture = self.fixture(request)
        next(fixture)
        with self.assertRaisesRegex(AssertionError, "left behind: task 'bg:feed'"):
            asyncio.run(request.node.obj())
        self.assertEqual(list(fixture), [])
        self.assertIs(request.node.obj, function)

    def test_what_cannot_be_guarded(self):
        """A function that is not async, and a test case, which has its own guard, are rejected."""

        async def method():
            pass

        for request in (self.request(print), self.request(method, self)):
            with self.assertRaisesRegex(Failed, "no_leaks guards async test functions, which test_x is not"):
                next(self.fixture(request))
