"""One canary for each private name of tasks, coroutines and types."""

import asyncio
import contextvars
import gc
import sys
import types
import weakref

from asynctestkit.cpython import task_internals
from tests.cpython.canaries import Canary


async def as_coroutine(awaitable):
    return await awaitable


class FutureCanaries(Canary):
    def test_task_types_and_future_types(self):
        """Both implementations of Task, and both of Future, are listed."""
        for kinds, name in ((task_internals.TASK_TYPES, "Task"), (task_internals.FUTURE_TYPES, "Future")):
            self.assertEqual([each.__name__ for each in kinds], [name, name])
            self.assertIs(kinds[0], getattr(asyncio, name))

    def test_awaited_future(self):
        """A suspended task waits for its future; one that is ready waits for none."""
        for implementation in task_internals.TASK_TYPES:
            task = implementation(asyncio.sleep(3600), loop=self.loop)
            self.assertIsNone(task_internals.awaited_future(task))
            self.run_in_loop(asyncio.sleep(0))
            self.assertIsInstance(task_internals.awaited_future(task), asyncio.Future)
            task.cancel()
            self.run_in_loop(asyncio.wait([task]))

    def test_future_iterator(self):
        """What awaits a future in C holds this; one in Python is awaited by a generator."""
        for implementation, expected in zip(
            task_internals.FUTURE_TYPES, (task_internals.FUTURE_ITERATOR, types.GeneratorType), strict=True
        ):
            waiting = as_coroutine(implementation(loop=self.loop))
            waiting.send(None)
            self.assertIs(type(waiting.cr_await), expected)
            waiting.close()

    def test_begins_to_wait_for(self):
        """A future that a coroutine awaits is distinguished from a bare turn, and its flag is cleared."""
        future = self.loop.create_future()
        self.assertFalse(task_internals.begins_to_wait_for(future))
        self.assertIs(future.__await__().send(None), future)
        self.assertTrue(task_internals.begins_to_wait_for(future))
        self.assertFalse(task_internals.begins_to_wait_for(future))
        self.assertFalse(task_internals.begins_to_wait_for(None))

    def test_weak_set_of_and_is_registry(self):
        """Up to 3.13 asyncio lists a task weakly; the set is found by the reference, and none by others."""
        own = weakref.WeakSet()
        for implementation in task_internals.TASK_TYPES:
            task = implementation(asyncio.sleep(0), loop=self.loop)
            listed = [task_internals.weak_set_of(each) for each in weakref.getweakrefs(task)]
            self.assertTrue(all(map(task_internals.is_registry, listed)), listed)
            is_linked = sys.version_info >= (3, 14) and implementation is asyncio.Task
            self.assertEqual(len(listed), 0 if is_linked else 1)
            own.add(task)
            added = [task_internals.weak_set_of(each) for each in weakref.getweakrefs(task)]
            self.assertEqual([each for each in added if each is own], [own])
            self.run_in_loop(as_coroutine(task))
        self.assertFalse(task_internals.is_registry(own) or task_internals.is_registry(None))
        for plain in (weakref.ref(own), weakref.ref(own, print), weakref.ref(own, lambda _, own=None: None)):
            self.assertIsNone(task_internals.weak_set_of(plain))

    def test_peek_exception(self):
        """An exception can be read without marking it as retrieved."""
        for implementation in task_internals.FUTURE_TYPES:
            future = implementation(loop=self.loop)
            self.assertIsNone(task_internals.peek_exception(future))
            future.set_exception(error := ValueError())
            self.assertIs(task_internals.peek_exception(future), error)
            self.assertTrue(task_internals.is_exception_unretrieved(future))
            task_internals.mark_exception_retrieved(future)

    def test_unfinished_items_blocked_putters_and_blocked_getters(self):
        """Items put and not marked done are counted, and so are waiting `put` and `get` calls."""

        async def count():
            queue = asyncio.Queue(maxsize=2)
            queue.put_nowait(1)
            queue.put_nowait(2)
            putter = self.loop.create_task(queue.put(3))
            await asyncio.sleep(0)
            found = [counts(queue)]
            putter.cancel()
            await asyncio.wait([putter])
            queue.get_nowait()
            queue.task_done()
            found.append(counts(queue))
            queue.get_nowait()
            getter = self.loop.create_task(queue.get())
            await asyncio.sleep(0)
            found.append(counts(queue))
            getter.cancel()
            await asyncio.wait([getter])
            return found

        def counts(queue):
            return tuple(
                count(queue)
                for count in (
                    task_internals.unfinished_items,
                    task_internals.blocked_putters,
                    task_internals.blocked_getters,
                )
            )

        self.assertEqual(self.run_in_loop(count()), [(2, 1, 0), (1, 0, 0), (1, 0, 1)])

    def test_loop_of_and_coroutine_of(self):
        """A future has its loop and a task its coroutine, or None if it was never initialised."""
        for each in (*task_internals.FUTURE_TYPES, type("Own", (asyncio.Future,), {})):
            self.assertIs(task_internals.loop_of(each(loop=self.loop)), self.loop)
            self.assertIsNone(task_internals.loop_of(each.__new__(each)))
        task = self.loop.create_task(coroutine := asyncio.sleep(0))
        self.assertIs(task_internals.coroutine_of(task), coroutine)
        self.assertIsNone(task_internals.coroutine_of(asyncio.Task.__new__(asyncio.Task)))
        self.run_in_loop(task)

    def test_gathered_children(self):
        """The children of a `gather` are found; any other future has none."""
        children = [self.loop.create_future(), self.loop.create_future()]

        async def start():
            return asyncio.gather(*children)

        self.assertEqual(list(task_internals.gathered_children(self.run_in_loop(start()))), children)
        self.assertEqual(list(task_internals.gathered_children(children[0])), [])

    def test_is_exception_unretrieved_and_mark_exception_retrieved(self):
        """An exception counts as unretrieved until it is marked, and then is not logged."""
        for implementation in task_internals.FUTURE_TYPES:
            future = implementation(loop=self.loop)
            self.assertFalse(task_internals.is_exception_unretrieved(future))
            future.set_exception(ValueError())
            self.assertTrue(task_internals.is_exception_unretrieved(future))
            task_internals.mark_exception_retrieved(future)
            self.assertFalse(task_internals.is_exception_unretrieved(future))
            with self.assertNoLogs("asyncio"):
                del future
                gc.collect()

    def test_source_traceback_and_drop_last_source_frame(self):
        """Debug mode's record of tasks and timers can lose its innermost frame; without it there is none."""
        plain = self.loop.create_task(asyncio.sleep(0))
        self.assertIsNone(task_internals.source_traceback(plain))
        task_internals.drop_last_source_frame(plain)
        self.loop.set_debug(True)
        task, timer = self.loop.create_task(asyncio.sleep(0)), self.loop.call_later(3600, print)
        for created in (task, timer):
            record = list(task_internals.source_traceback(created))
            self.assertEqual(record[-1].filename, __file__)
            task_internals.drop_last_source_frame(created)
            self.assertEqual(list(task_internals.source_traceback(created)), record[:-1])
        self.run_in_loop(asyncio.wait([plain, task]))


class TaskCanaries(Canary):
    def test_context_of(self):
        variable = contextvars.ContextVar("variable")

        async def body():
            variable.set("within")
            await asyncio.sleep(0)

        for make in (asyncio.Task, asyncio.tasks._PyTask):
            with self.subTest(make):
                task = make(body(), loop=self.loop)
                self.run_in_loop(task)
                self.assertEqual(task_internals.context_of(task)[variable], "within")

    def test_all_tasks_and_current_task(self):
        """Tasks of both implementations are listed, and the running one is found."""
        for make in task_internals.TASK_TYPES:

            async def body():
                running = task_internals.current_task(), task_internals.current_task(self.loop)
                return (*running, task_internals.all_tasks(self.loop))

            task = make(body(), loop=self.loop)
            self.assertEqual(task_internals.all_tasks(self.loop), {task})
            self.assertEqual(self.loop.run_until_complete(task), (task, task, {task}))
            self.assertEqual(task_internals.all_tasks(self.loop), set())
        self.assertIsNone(task_internals.current_task(self.loop))

    def test_forget_callbacks(self):
        """No callback of a future is called any more, and no task that waits for it is woken."""
        for make_task in task_internals.TASK_TYPES:
            for make_future in task_internals.FUTURE_TYPES:
                with self.subTest(make_task=make_task, make_future=make_future):
                    future, called = make_future(loop=self.loop), []
                    task_internals.forget_callbacks(future)
                    waits = make_task(as_coroutine(future), loop=self.loop)
                    future.add_done_callback(called.append)
                    self.run_in_loop(asyncio.sleep(0))
                    task_internals.forget_callbacks(future)
                    future.set_result("unheard")
                    self.run_in_loop(asyncio.sleep(0))
                    self.assertEqual((called, waits.done()), ([], False))
                    task_internals.forget_task(waits)
                    waits.get_coro().close()

    def test_forget_task_of_pythons(self):
        """A task that is written in Python is forgotten as well."""
        task = task_internals.TASK_TYPES[1](asyncio.sleep(3600), loop=self.loop)
        self.run_in_loop(asyncio.sleep(0))
        task_internals.forget_task(task)
        self.assertEqual(task_internals.all_tasks(self.loop), set())
        task.get_coro().close()

    def test_forget_task(self):
        """A forgotten task is not in `all_tasks()`, and is destroyed while pending without a log record."""
        task = self.loop.create_task(asyncio.Event().wait())
        self.run_in_loop(asyncio.sleep(0))
        self.assertIn(task, asyncio.all_tasks(self.loop))
        task_internals.forget_task(task)
        self.assertNotIn(task, asyncio.all_tasks(self.loop))
        with self.assertNoLogs("asyncio"):
            del task
            gc.collect()


class Named:
    def method(self):
        pass


class TypeCanaries(Canary):
    def test_qualified_name_and__name_with_its_class(self):
        """A function is named with its class, if that can be found, on every version."""
        for function, name in ((Named.method, "Named.method"), (as_coroutine, "as_coroutine")):
            self.assertEqual(task_internals.qualified_name(function.__code__), name)
            self.assertEqual(task_internals._name_with_its_class(function.__code__), name)
