"""The canaries of the hooks into the interpreter: its warnings, signals, threads and heap."""

import asyncio
import gc
import io
import signal
import socket
import threading
import unittest
import warnings
import weakref
from unittest import mock

from asynctestkit.cpython import interpreter
from tests.cpython.canaries import Canary


class FinalizeTests(unittest.TestCase):
    def test_finalize_record(self):
        """The collector finds one record for each `weakref.finalize`."""

        class Watched:
            pass

        watched = Watched()
        undo = weakref.finalize(watched, self.fail)
        records = [each for each in gc.get_objects() if type(each) is interpreter.FINALIZE_RECORD]
        self.assertEqual([each.func for each in records if each.weakref() is watched], [self.fail])
        undo.detach()


class HookCanaries(Canary):
    def test_hook_default_exception_handler(self):
        """Errors for the default handler go to the innermost hook, with the handler, until undone."""
        seen, context = [], {"message": "m"}
        undo = interpreter.hook_default_exception_handler(self.loop, lambda *args: seen.append(args))
        interpreter.hook_default_exception_handler(self.loop, self.fail)()
        self.loop.call_exception_handler(context)
        self.assertEqual(seen, [(mock.ANY, context)])
        undo()
        with self.assertLogs("asyncio") as logs:
            self.loop.call_exception_handler(context)
            seen[0][0]({"message": "through the hook"})
        self.assertEqual([each.getMessage() for each in logs.records], ["m", "through the hook"])

    def test_replace_default_exception_handler(self):
        """An error reported to a closed loop goes to the replacement, whether there was a hook or not."""
        seen = []
        self.loop.close()
        for hooks in (False, True):
            with self.subTest(hooks=hooks):
                if hooks:
                    interpreter.hook_default_exception_handler(self.loop, self.fail)
                interpreter.replace_default_exception_handler(self.loop, seen.append)
                self.loop.call_exception_handler({"message": "m"})
                self.assertEqual(seen.pop(), {"message": "m"})

    async def drop_generators(self, *between):
        async def count():
            try:
                yield 1
            finally:
                self.seen.append("closed")

        for step in (*between, int):
            await anext(count())
            for _ in range(2):
                gc.collect()
                await asyncio.sleep(0)
            step()

    def hook_generators(self):
        self.seen = []
        return interpreter.hook_async_generator_finalizer(
            self.loop, lambda generator: self.seen.append(generator.__name__)
        )

    def test_hook_async_generator_finalizer(self):
        """A generator dropped unfinished is passed to the hook, then closed by the loop, until undone."""
        undo = self.hook_generators()
        self.run_in_loop(self.drop_generators())
        undo()
        self.run_in_loop(self.drop_generators())
        self.assertEqual(self.seen, ["count", "closed", "closed"])

    def test_hook_async_generator_finalizer_of_other_loops(self):
        """A running loop is hooked and unhooked during its run; an opaque one is left alone."""

        async def body():
            await self.drop_generators(self.hook_generators())

        self.run_in_loop(body())
        self.assertEqual(self.seen, ["count", "closed", "closed"])
        interpreter.hook_async_generator_finalizer(opaque := asyncio.AbstractEventLoop(), self.fail)()
        self.assertEqual(vars(opaque), {})

    def test_asyncio_logger_is_replaced(self):
        """A patched logger, or a patched `error` on it, is detected while it is patched."""
        for target in ("asyncio.base_events.logger", "asyncio.base_events.logger.error"):
            with mock.patch(target):
                self.assertTrue(interpreter.asyncio_logger_is_replaced(), target)
            self.assertFalse(interpreter.asyncio_logger_is_replaced())

    async def forgotten(self):
        pass

    def test_hook_unawaited_coroutines(self):
        """An unawaited coroutine, when destroyed, goes to the innermost hook, in any order of undoing."""
        seen, before = [], warnings._warn_unawaited_coroutine
        undo_outer = interpreter.hook_unawaited_coroutines(lambda _: seen.append("outer"))
        undo_inner = interpreter.hook_unawaited_coroutines(lambda dead: seen.append(dead.__name__))
        undo_outer()
        self.forgotten()
        undo_inner()
        self.assertEqual(seen, ["forgotten"])
        self.assertIs(warnings._warn_unawaited_coroutine, before)

    def test_warn_unawaited_coroutine(self):
        """The warning is Python's own, even if a hook is set."""
        coroutine = self.forgotten()
        undo = interpreter.hook_unawaited_coroutines(self.fail)
        self.addCleanup(coroutine.close)
        self.addCleanup(undo)
        with self.assertWarnsRegex(RuntimeWarning, "forgotten' was never awaited"):
            interpreter.warn_unawaited_coroutine(coroutine)

    def test_warnings_sink_and_warning_filters(self):
        """Both values differ while warnings are recorded and filtered, and are restored afterwards."""
        sink, filters = interpreter.warnings_sink(), interpreter.warning_filters()
        with warnings.catch_warnings(record=True):
            warnings.simplefilter("ignore", BytesWarning)
            self.assertNotEqual(interpreter.warnings_sink(), sink)
            self.assertEqual(interpreter.warning_filters()[0][::2], ("ignore", BytesWarning, 0))
        self.assertEqual(interpreter.warnings_sink(), sink)
        self.assertIs(interpreter.warning_filters(), filters)


class InterpreterCanaries(Canary):
    def test_signal_handler_and_set_signal_handler(self):
        """Both agree with the public functions of `signal`."""
        self.addCleanup(signal.signal, signal.SIGTERM, signal.getsignal(signal.SIGTERM))
        interpreter.set_signal_handler(signal.SIGTERM, print)
        self.assertIs(signal.getsignal(signal.SIGTERM), print)
        self.assertIs(interpreter.signal_handler(signal.SIGTERM), print)

    def test_raise_in_thread(self):
        """The exception is raised in the other thread, which is running other code."""
        busy, over, caught = threading.Event(), threading.Event(), []

        def spin():
            while not over.is_set():
                busy.set()

        def work():
            try:
                spin()  # a call: 3.13 lets what is raised at some points of a loop pass an `except`
            except GeneratorExit as error:
                caught.append(error)

        # Where a collection runs just then, the exception appears in a callback of it, and is lost.
        gc.disable()
        self.addCleanup(gc.enable)
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        busy.wait(10)
        interpreter.raise_in_thread(thread.ident, GeneratorExit)
        thread.join(10)
        over.set()
        self.assertEqual(len(caught), 1)

    def test_immortalize(self):
        """The object outlives its last reference."""
        mortal, immortal = type("Mortal", (), {})(), type("Immortal", (), {})()
        references = weakref.ref(mortal), weakref.ref(immortal)
        interpreter.immortalize(immortal)
        del mortal, immortal
        gc.collect()
        self.assertIsNone(references[0]())
        self.assertIsNotNone(references[1]())

    def test_is_written_in_c(self):
        """Classes written in C cannot be changed; any other class can, whatever its bases."""

        class Socket(socket.socket):
            pass

        for cls in (object, int, io.FileIO, asyncio.Future):
            self.assertTrue(interpreter.is_written_in_c(cls), cls)
        for cls in (Socket, socket.socket, Canary):
            self.assertFalse(interpreter.is_written_in_c(cls), cls)

    def test_heap_is_frozen(self):
        """The heap counts as frozen from `gc.freeze()` on; the interpreter's own objects do not count."""
        self.addCleanup(gc.unfreeze)
        self.assertFalse(interpreter.heap_is_frozen())
        gc.freeze()
        self.assertTrue(interpreter.heap_is_frozen())

    def test_is_run_by_suite(self):
        """A suite records on the result which class it runs; other runners do not."""
        said = []

        class Case(unittest.TestCase):
            def test(case):
                said.append(interpreter.is_run_by_suite(case))

        result = unittest.TestResult()
        Case("test").run(result)
        unittest.TestSuite([Case("test"), Case("test")]).run(result)
        Case("test").run(result)
        Case("test").debug()
        self.assertEqual(said, [False, True, True, False, False])
        self.assertFalse(interpreter.is_run_by_suite(self.__class__("test_is_run_by_suite")))
