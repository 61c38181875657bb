"""Objects that announce that they were not closed."""

import asyncio
import contextlib
import gc
import inspect
import io
import os
import sys
import traceback
import tracemalloc
import unittest
import warnings

from asynctestkit import DEFAULT_DETECTORS, HygienicAsyncTestCase, UnclosedLeaks
from asynctestkit.leaks.census.announcement import Announcement
from asynctestkit.leaks.kinds.unclosed import leak_of
from tests.leaks.contract import DetectorContract, run_body
from tests.running import Overheard, overhearing


class Channel:
    """Reports to its loop when it is destroyed open, and has a future that was created with it."""

    def __init__(self):
        self.loop = asyncio.get_running_loop()
        self.begun = self.loop.create_task(asyncio.sleep(0))
        self.closed = False

    async def close(self):
        self.closed = True

    def __del__(self):
        if not self.closed:
            self.loop.call_exception_handler({"message": "Unclosed channel", "channel": self})


class Connector:
    """A part of a session; it could be used without one."""

    def __init__(self):
        self._loop = asyncio.get_running_loop()
        self._closed = False

    def close(self):
        self._closed = True

    def __del__(self):
        if not self._closed:
            warnings.warn(f"Unclosed connector {self!r}", ResourceWarning, stacklevel=1, source=self)
            self._loop.call_exception_handler({"message": "Unclosed connector", "connector": self})


class Session:
    """Warns, then reports to its loop, as aiohttp's does."""

    def __init__(self):
        self._loop = asyncio.get_running_loop()
        self._connector = Connector()

    @property
    def closed(self):
        return self._connector._closed

    async def close(self):
        self._connector.close()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.close()

    def __del__(self):
        if not self.closed:
            warnings.warn(f"Unclosed client session {self!r}", ResourceWarning, stacklevel=1, source=self)
            self._loop.call_exception_handler({"client_session": self, "message": "Unclosed client session"})


class RecordingSession(Session):
    """In debug mode it records where it was created, which the warning does not say, as aiohttp's."""

    _source_traceback = None

    def __init__(self):
        super().__init__()
        if self._loop.get_debug():
            self._source_traceback = traceback.extract_stack(sys._getframe(1))


class UnclosedContractTests(DetectorContract, unittest.TestCase):
    detector = UnclosedLeaks

    async def make(self):
        channel = Channel()  # leaks
        await channel.begun
        return channel

    async def use(self):
        async with contextlib.AsyncExitStack() as stack:
            channel = await self.make()
            stack.push_async_callback(channel.close)
            await stack.enter_async_context(Session())

    def marked_line(self):
        """The innermost line is the one within `Channel` that has created its future."""
        code = Channel.__init__.__code__
        return code.co_filename, code.co_firstlineno + 2


class Conversation:
    """Has a part that refers back to it."""

    def __init__(self):
        self._loop = asyncio.get_running_loop()
        self._closed = False
        self.connector = Connector()
        self.connector.conversation = self

    def __del__(self):
        if not self._closed:
            warnings.warn("Unclosed conversation", ResourceWarning, stacklevel=1, source=self)


class Undecided:
    """Its finalizer checks more than one attribute."""

    def __init__(self, loop):
        self.loop, self.closed, self.connections = loop, False, []

    def __del__(self):
        if self.connections and not self.closed:
            warnings.warn("unclosed", ResourceWarning, stacklevel=1, source=self)


def collect():
    """Open objects announce themselves when destroyed; that is not of interest here."""
    with overhearing(Overheard()):
        gc.collect()


class Shared:
    """Keeps a session for all tests."""


class WhatIsALeakTests(unittest.TestCase):
    def leaks(self, body, **members):
        outcome = run_body(body, **members)
        self.assertEqual((outcome.errors, outcome.leak_warnings), ([], []))
        return [(leak.kind, leak.name) for leak in outcome.leaks]

    def test_a_dropped_session(self):
        """A dropped session, its connector, a warning and a report to the loop are one leak."""

        async def drops(case):
            Session()
            await asyncio.sleep(0)

        async def drops_in_a_cycle(case):
            cycle = [Session()]
            cycle.append(cycle)

        for body in (drops, drops_in_a_cycle):
            outcome = run_body(body)
            self.assertEqual([(leak.kind, leak.name) for leak in outcome.leaks], [("unclosed", "Session")])
            self.assertEqual((outcome.warnings, outcome.output), ([], ""))

    def test_a_session_that_is_kept(self):
        """A kept session is known to be open; its connector is closed with it, and is no leak."""

        async def test(case):
            case.session = Session()

        self.addCleanup(collect)
        self.assertEqual(self.leaks(test), [("unclosed", "Session")])

    def test_parts_that_have_each_other(self):
        """Of two parts that refer to each other, the older one is reported."""

        async def test(case):
            case.kept = Conversation()

        self.assertEqual(self.leaks(test), [("unclosed", "Conversation")])

    def test_a_property_that_needs_the_loop(self):
        """A property that fails on a closed loop accuses nothing, and breaks nothing."""

        class Bound(Session):
            @property
            def _closed(self):
                asyncio.get_running_loop()
                return self._connector._closed

            def __del__(self):
                if not self._closed:
                    warnings.warn("Unclosed", ResourceWarning, stacklevel=1)

        async def test(case):
            case.bound = Bound()
            await case.bound.close()

        outcome = run_body(test)
        self.assertEqual((outcome.errors, outcome.failures), ([], []))

    def test_where_more_than_one_thing_decides(self):
        """If several attributes decide, the object is reported only when it announces itself."""

        async def keeps(case):
            case.kept = Undecided(asyncio.get_running_loop())
            case.kept.connections.append("one")

        async def drops(case):
            await keeps(case)
            del case.kept

        self.assertEqual(self.leaks(drops), [("unclosed", "Undecided")])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.assertEqual(self.leaks(keeps), [])

    def test_observed_announcements(self):
        """What a test records, or handles by a handler of its own, is observed."""

        async def records(case):
            with case.assertWarns(ResourceWarning), case.assertLogs("asyncio"):
                Session()
                gc.collect()

        async def handles(case):
            asyncio.get_running_loop().set_exception_handler(lambda *_: None)
            await UnclosedContractTests.make(self)

        self.assertEqual((self.leaks(records), self.leaks(handles)), ([], []))

    def test_silencing_is_not_looking(self):
        """A filter that ignores the warning does not hide the leak."""

        async def test(case):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                Session()

        self.assertEqual(self.leaks(test), [("unclosed", "Session")])

    def test_what_is_older(self):
        """An object from before the test is not charged, if its loop is another."""

        async def make():
            return Session()

        async def test(case):
            older.clear()

        older = [asyncio.run(make())]
        self.addCleanup(collect)
        outcome = run_body(test)
        self.assertEqual(outcome.leaks, ())
        self.assertEqual({each.category for each in outcome.warnings}, {ResourceWarning})

    def test_what_a_class_keeps(self):
        """An object that a class keeps is no leak, as it may be closed in the end."""

        async def test(case):
            Shared.session = Session()

        self.addCleanup(lambda: Shared.session._connector.close())
        self.assertEqual(self.leaks(test), [])

    def test_it_is_in_the_default_set(self):
        """The kind is in the default set, as unclosed sessions of aiohttp are so common."""
        self.assertIn(UnclosedLeaks, DEFAULT_DETECTORS)
        self.assertEqual(HygienicAsyncTestCase.leak_detectors, DEFAULT_DETECTORS)

    def test_an_object_announced_when_its_loop_is_closed(self):
        """An unreachable resource is reported by the text of its warning, when its loop is closed."""

        class TellingLoop(asyncio.SelectorEventLoop):
            def close(self):
                if not self.is_closed():
                    warnings.warn(
                        "unclosed resource <TCPServer closed=False 0x7f00>", ResourceWarning, stacklevel=1
                    )
                super().close()

        async def test(case):
            pass

        outcome = run_body(test, loop_factory=staticmethod(TellingLoop))
        (leak,) = outcome.leaks
        self.assertEqual((leak.kind, leak.name, leak.remedy), ("unclosed", "TCPServer", "close it"))
        self.assertEqual(leak.description, "not closed; it says 'unclosed resource <TCPServer closed=False>'")
        self.assertEqual(outcome.warnings, [])


class LeakTests(unittest.TestCase):
    def test_the_way_to_close(self):
        """The remedy names the method, whether it is awaited, and the context manager."""

        class Closing:
            def close(self):
                pass

            def __enter__(self):
                pass

        class Disconnecting:
            async def disconnect(self):
                pass

        class Plain:
            pass

        async def session():
            made = Session()
            await made.close()
            return made

        for thing, remedy in (
            (asyncio.run(session()), "close it: await ….close(), or async with Session(…) as …:"),
            (Closing(), "close it: ….close(), or with Closing(…) as …:"),
            (Disconnecting(), "close it: await ….disconnect()"),
            (Plain(), "close it: ….close()"),
        ):
            with self.subTest(remedy):
                self.assertTrue(leak_of(Announcement("", thing)).remedy.startswith(f"{remedy} ("))

    def test_what_it_says(self):
        """The description is the message without varying parts; it may be empty."""
        said = leak_of(Announcement("Unclosed thing <Thing object at 0x7fea>", self)).description
        self.assertEqual(said, "not closed; it says 'Unclosed thing <Thing object>'")
        self.assertEqual(leak_of(Announcement("", self)).description, "not closed")
        self.assertEqual(leak_of(Announcement("a text", None)).name, "a text")

    def test_where_it_was_made(self):
        """The site is the object's own record, or tracemalloc's, which 3.11 has not for every class."""
        tracemalloc.start(5)
        self.addCleanup(tracemalloc.stop)
        thing = io.FileIO(os.devnull)
        self.addCleanup(thing.close)
        traced = leak_of(Announcement("", thing)).created_at
        self.assertEqual((traced[-1].file, traced[-1].line), _line_of(self.test_where_it_was_made, "thing ="))

    def test_a_session_in_debug_mode(self):
        """A session that records its creation in debug mode only is located by that record."""

        async def test(case):
            RecordingSession()

        (leak,) = run_body(test, asyncio_debug=True).leaks
        self.assertEqual(tuple(leak.created_at[-1][:2]), _line_of(test, "RecordingSession()"))
        self.assertEqual(leak.remedy, "close it: await ….close(), or async with RecordingSession(…) as …:")

    def test_how_to_locate_it(self):
        """Where nothing has recorded the place, the remedy says which run would show it."""
        for make, way in (
            (RecordingSession, "PYTHONASYNCIODEBUG=1 shows where it was created"),
            (Session, "PYTHONTRACEMALLOC=10 shows where it was created, but not on 3.11"),
        ):

            async def test(case, make=make):
                make()

            with self.subTest(make):
                (leak,) = run_body(test).leaks
                self.assertEqual(leak.created_at, ())
                self.assertTrue(leak.remedy.endswith(f" ({way})"), leak.remedy)


def _line_of(method, text):
    lines, first = inspect.getsourcelines(method)
    return method.__code__.co_filename, next(n for n, line in enumerate(lines, first) if text in line)
