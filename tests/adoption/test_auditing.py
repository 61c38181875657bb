"""A run under audit, in this process."""

import asyncio
import unittest

from asynctestkit import STRICT_DETECTORS, HygienicAsyncTestCase, Settings
from asynctestkit.adoption.auditing import auditing, settings_of_run
from asynctestkit.adoption.record import Record
from asynctestkit.leaks.listeners import listeners
from tests.case_runs import run
from tests.leaks.kinds.test_unclosed import Channel


async def leak(name):
    asyncio.create_task(asyncio.sleep(3600), name=name)


class SettingsOfRunTests(unittest.TestCase):
    def test_nothing_is_limited_if_leaks_are_only_reported(self):
        """An audit that only reports limits nothing, unless a setting is given."""
        self.assertEqual(settings_of_run({}, charges=False), Settings(on_leak="warn", deadline=None))
        given = {"deadline": 3.0, "leak_detectors": STRICT_DETECTORS}
        self.assertEqual(settings_of_run(given, charges=False), Settings(on_leak="warn", **given))

    def test_the_defaults_hold_where_leaks_count(self):
        """An audit that charges leaks has the default limits, as a hygienic suite has."""
        self.assertEqual(settings_of_run({"settle_time": 3.0}, charges=True), Settings(settle_time=3.0))


class AuditingTests(unittest.TestCase):
    def suite(self, base=unittest.IsolatedAsyncioTestCase):
        class Suite(base):
            async def test_known(self):
                await leak("known")

            async def test_new(self):
                await leak("new")

        return Suite

    def audited(self, suite, charges):
        record = Record("/project", lambda row: row.leak.name == "known")
        before = list(listeners)
        with auditing(record, settings_of_run({}, charges=charges), charges=charges) as refused:
            outcome = run(suite)
        self.assertEqual((refused, listeners), ([], before))
        self.assertEqual(
            [(row.leak.name, row.is_new) for row in record.rows], [("new", True), ("known", False)]
        )
        return outcome

    def test_leaks_are_recorded(self):
        """Leaks, known or new, are recorded and change no outcome, not even of a hygienic class."""
        self.assertEqual(self.audited(self.suite(), charges=False).kinds, ["ok", "ok"])
        self.assertEqual(
            self.audited(self.suite(HygienicAsyncTestCase), charges=False).kinds, ["FAIL", "FAIL"]
        )

    def test_an_object_announced_late(self):
        """An object that announces itself only when destroyed is recorded for the test of its loop."""

        class Hidden(Channel):
            """Announces only in its finalizer that it is open."""

            def __del__(self):
                if not self.closed and self.loop is not None:
                    super().__del__()

        kept = []

        class Suite(unittest.IsolatedAsyncioTestCase):
            async def test(self):
                kept.append(Hidden())
                await kept[0].begun

        record = Record("/project")
        with auditing(record, settings_of_run({}, charges=False), charges=False):
            self.assertEqual(run(Suite).kinds, ["ok"])
            self.assertEqual(record.rows, [])
            kept.append(kept)
            kept = None
        (row,) = record.rows
        self.assertEqual((row.leak.kind, row.leak.name), ("unclosed", Hidden.__qualname__))

    def test_leaks_count(self):
        """A test fails for new leaks only."""
        outcome = self.audited(self.suite(), charges=True)
        self.assertEqual(
            [each[:2] for each in outcome.outcomes], [("ok", "test_known"), ("FAIL", "test_new")]
        )
