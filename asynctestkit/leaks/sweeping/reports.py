"""What Python and asyncio report by themselves, as far as it concerns a test.

Some leaks are known only when an object is destroyed: a coroutine that was never awaited, a pending task, a
future whose exception nobody retrieved, a generator that the loop has to close, an unclosed object. They are
passed on at once, to the innermost test.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine
from types import AsyncGeneratorType
from typing import Any

from ...cpython import interpreter, process_internals, task_internals, transport_internals
from ...cpython.alarms import PhaseInterrupt
from ...stacks.code_owners import innermost_user_frame
from ...stacks.places import capture
from ..census.age import is_known_to_be_new, is_older_coroutine, is_older_future, origin_of
from ..census.announcement import Announcement
from ..census.audit import audit
from ..census.census import Census
from ..census.creation_lines import creation_lines
from ..census.dropped_generators import generator_notes
from ..census.finalizers import reports_to_the_loop, warns
from ..census.heap import heap, is_collecting
from ..census.loop_error import LoopError
from ..census.loop_relations import loops_of
from ..census.origins import origins
from ..kinds.coroutines import forgotten_with
from ..kinds.environ import EnvironmentChange
from ..kinds.subprocesses import is_running_child
from ..kinds.unclosed import announcing_parts
from .attention import Attention
from .late import thing_in
from .spared import spared

__all__ = ["Reports"]


class Reports:
    """Listens for one test between `open()` and `close()`.

    Objects of the test, and of a type that its census wants, are passed to `examine`, which returns whether
    they are leaks: those are not reported in any other way.
    """

    muted = False
    """While True, nothing is listened to: the sweep itself then destroys objects."""
    loop_is_closing = False
    """While True, a warning without an object is attributed to the loop."""
    _last_announcement: tuple[int, str] | None = None

    def __init__(self, census: Census, examine: Callable[[object], bool]) -> None:
        self._census = census
        self._examine = examine
        self._reported_origins: dict[int, object] = {}
        """The origins of coroutines that are destroyed with another coroutine, and were reported with it.

        An origin is a coroutine's own, and as it is kept here, no other can have its address; that of a
        coroutine may be reused as soon as it is destroyed.
        """
        self._announced_parts: dict[int, type] = {}
        """The classes, by id, of the parts of objects that have announced themselves."""

    def open(self, loop_is_tests: bool) -> None:
        """Begins to listen; `loop_is_tests`: whether the census's loop was created for the test."""
        loop, wants = self._census.loop, self._census.wants
        self._loop_is_tests = loop_is_tests
        spared.destroyed.clear()  # their addresses may be reused by now
        if (generator_notes.left_at or generator_notes.reported) and heap.is_marked_once():
            generator_notes.clear()
        self._attention = Attention()
        creation_lines.track()
        self._unlisten = [
            creation_lines.untrack,
            interpreter.hook_unawaited_coroutines(self._on_unawaited),
            interpreter.hook_default_exception_handler(loop, self._on_loop_error),
            process_internals.hook_resource_warnings(
                process_internals.WarningHook(self._wants_warnings, self._on_resource_warning)
            ),
        ]
        if wants(AsyncGeneratorType) or wants(task_internals.TASK_TYPES[0]):
            finalizer = interpreter.hook_async_generator_finalizer(loop, self._on_dropped_generator)
            self._unlisten.append(finalizer)
        if wants(transport_internals.TRANSPORTS[0]):
            self._unlisten.append(transport_internals.hook_unclosed_transports(self._on_unclosed_transport))
        if wants(EnvironmentChange):
            audit.enter()
            self._unlisten.append(audit.leave)

    def close(self) -> None:
        """Undoes everything that `open` has changed in the process."""
        # No cycle may be left: a test is to cost the collector nothing.
        self._examine = _silence
        for unlisten in reversed(self._unlisten):
            unlisten()
        self._unlisten.clear()

    def _on_unawaited(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        if self.muted or self._census.was_interrupted:
            return
        if spared.was_destroyed(coroutine) or self._reported_origins.pop(id(origin_of(coroutine)), None):
            return
        is_older = is_older_coroutine(coroutine, self._census.loop.get_debug())
        is_seen = self._attention.sees_warnings(RuntimeWarning)
        if not self._census.wants(type(coroutine)) or is_older or is_seen:
            interpreter.warn_unawaited_coroutine(coroutine)
        else:
            self._reported_origins.update(
                (id(origin), origin) for origin in map(origin_of, forgotten_with(coroutine))
            )
            self._examine(coroutine)

    def _on_dropped_generator(self, generator: AsyncGeneratorType[Any, Any]) -> None:
        if not self.muted:
            if not is_collecting():
                site = capture(innermost_user_frame(sys._getframe(2)), self._census.phase)
                generator_notes.note_left(generator, site)
            self._examine(generator)

    # -- the loop's exception handler

    def _on_loop_error(self, report: Callable[[dict[str, Any]], None], context: dict[str, Any]) -> None:
        if self.muted or isinstance(context.get("exception"), PhaseInterrupt):
            return
        thing = thing_in(context) if context.get("exception") is None else None
        if thing is not None:
            message = str(context.get("message", ""))
            made_at = context.get("source_traceback")
            if self._is_announced(Announcement(message, thing, made_at), "to the loop"):
                return
        report(context)
        if thing is None:
            self._on_error(context)

    def _on_error(self, context: dict[str, Any]) -> None:
        error, task, future = context.get("exception"), context.get("task"), context.get("future")
        census = self._census
        if self._attention.sees_errors(census.loop):
            return
        if heap.innermost(census.loop, task or future) is not census:
            return
        if not census.loop_is_new and is_older_future(future, census.known):
            return
        if task is not None and error is None and not task.done():
            self._examine(task)
            return
        message = context.get("message") or "unhandled exception in event loop"
        self._examine(LoopError(message, error, future if error is not None else None, context))

    # -- what is destroyed unclosed

    def _on_unclosed_transport(self, transport: Any) -> bool:
        """Whether a transport that is destroyed open is this test's leak; if not, Python warns of it."""
        if task_internals.loop_of(transport) is not self._census.loop or self._census.had_transport(
            transport
        ):
            return False
        if self.muted or transport_internals.carries_tls(transport):  # its TLS transport is reported
            return True
        return not self._attention.sees_warnings(ResourceWarning) and self._examine(transport)

    def _wants_warnings(self) -> bool:
        """Whether to take ResourceWarnings: a test that records warnings sees them itself."""
        return not self._attention.sees_warnings(ResourceWarning)

    def _on_resource_warning(self, text: str, thing: object) -> bool:
        """Whether the warning of an unclosed object is left out: it is a leak, or was spared."""
        if thing is not None and origins.is_spared(thing):
            return True
        if thing is None or origins.of_finalized(thing) is None or not self._census.wants(type(thing)):
            return self._is_announced(Announcement(text, thing), "by a warning")
        return self.muted or is_running_child(thing) or self._examine(thing)

    def _is_announced(self, announcement: Announcement, channel: str) -> bool:
        """Whether an object that announces itself is a leak; many do so twice in a row, in both ways."""
        thing = announcement.thing
        before, self._last_announcement = self._last_announcement, None
        if before is not None and before[0] == id(thing) and before[1] != channel:
            return True
        if thing is not None and self._announced_parts.get(id(thing)) is type(thing):
            return True
        if not self._is_of_the_test(thing):
            return False
        if self._is_looked_at(thing):
            self._announced_parts.update(announcing_parts(thing))
            return False
        if not (self.muted or self._examine(announcement)):
            return False
        self._announced_parts.update(announcing_parts(thing))
        self._last_announcement = (id(thing), channel)
        return True

    def _is_of_the_test(self, thing: object) -> bool:
        if thing is None:
            return self.loop_is_closing
        loops = loops_of(thing)
        if self._census.loop in loops and self._loop_is_tests:
            return True
        return (not loops or self._census.loop in loops) and is_known_to_be_new(thing)

    def _is_looked_at(self, thing: object) -> bool:
        """Whether the test looks at one of the ways in which an object announces itself."""
        attention, cls = self._attention, type(thing)
        is_heard = reports_to_the_loop(cls) and attention.sees_errors(self._census.loop)
        return is_heard or (warns(cls) and attention.sees_warnings(ResourceWarning))


def _silence(_: object) -> bool:
    """Replaces `examine` after the end: nothing is a leak any more."""
    return False
