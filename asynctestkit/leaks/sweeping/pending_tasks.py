"""The tasks that a test has left pending: those that do not end by themselves are reported and cancelled."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from ...cpython import task_internals, transport_internals, wait_internals
from ...cpython.originals import asyncio, gc
from ...loops.cancellation import cancel_and_wait, detach
from ...loops.quiescence import turn_until_quiet
from ..census.census import Census
from ..census.connection_index import indexing
from ..detector import LeakDetector
from ..kinds.exceptions import one_line
from ..leak import Leak
from .connections import connection_handled_by
from .findings import Findings
from .reports import Reports
from .settling import RELEASE, Settling

__all__ = ["PendingTasks"]

_Task = asyncio.Task[Any]


class PendingTasks:
    """Ends the tasks that a census finds pending.

    `connections` are those that were reported instead of their handlers, each with its detector.
    """

    def __init__(self, census: Census, findings: Findings, settling: Settling, reports: Reports) -> None:
        self.connections: list[tuple[LeakDetector, Any]] = []
        self._census = census
        self._findings = findings
        self._settling = settling
        self._reports = reports
        self._handlers: dict[_Task, Leak] = {}
        self._held: list[Any] = []

    def hold_connections(self, loop: asyncio.AbstractEventLoop) -> None:
        """Keeps connections in cycles alive, to find them open: collected, their sockets would warn first."""
        self._held = transport_internals.connections_of(loop)

    def release_connections(self) -> None:
        """Releases the connections that `hold_connections` has kept alive."""
        self._held.clear()

    async def end(self, loop: asyncio.AbstractEventLoop, settle_time: float, grace_period: float) -> None:
        """Lets the tasks end by themselves if they can; takes stock of, cancels and awaits the others."""
        census = self._census
        self.hold_connections(loop)
        left = await self._settling.settle(loop, settle_time)
        pending = census.pending_tasks()  # or collecting a cycle would destroy its tasks, unexamined
        if gc.collect() > 0:  # what died may have started something
            pending.clear()
            await self._settling.settle(loop, left)
            pending = census.pending_tasks()
        found = self._take_stock(pending)
        del pending
        failed = self._failed_futures() if found else {}
        self._reports.muted = True
        refused = await cancel_and_wait(loop, census.pending_tasks, grace_period)
        if refused and census.drop_accepted_connections():  # pragma: no cover  # needed on 3.12 only
            # A cancelled `serve_forever` waits for them on 3.12: it is not stubborn itself.
            await turn_until_quiet(loop, RELEASE)
            refused = {task for task in refused if not task.done()}
        if found:
            await self._settling.wait_for_endings(loop, grace_period)
        self._add_leaks(found, refused, grace_period)
        if found:
            self._keep_quiet_of_failures(failed)
        # Nothing here may keep a task, as its traceback keeps what it held: that is destroyed while muted.
        self._handlers.clear()
        del found, refused, failed
        gc.collect()
        self._reports.muted = False

    def _take_stock(self, pending: Iterable[_Task]) -> dict[_Task, Leak | None]:
        """The tasks' leaks, before they are cancelled; connections are reported instead of their handlers."""
        judged = {task: self._findings.judge(task)[1] for task in pending}
        with indexing(self._census.loop):
            for task, leak in judged.items():
                if leak is not None and self._is_reported_with_connection(task):
                    self._handlers[task] = leak
        return {task: None if task in self._handlers else leak for task, leak in judged.items()}

    def _is_reported_with_connection(self, task: _Task) -> bool:
        """Whether a task handles the other end of a connection that is a leak; if so, reports the connection.

        This has to happen now: the handler may end the connection when it is cancelled.
        """
        connection = connection_handled_by(task)
        if connection is None:
            return False
        if not any(reported is connection for _, reported in self.connections):
            detector, leak = self._findings.judge(connection)
            if detector is None or leak is None:
                return False
            if self._findings.add(leak):
                self.connections.append((detector, connection))
        return True

    def _add_leaks(self, found: dict[_Task, Leak | None], refused: set[_Task], grace_period: float) -> None:
        for task, leak in found.items():
            if leak is not None and (task in refused or task not in self._census.reported_tasks):
                self._findings.add(_leak_after_cancelling(leak, task, task in refused, grace_period))
        for task in refused & self._handlers.keys():
            self._findings.add(_leak_after_cancelling(self._handlers[task], task, True, grace_period))
        for task in refused - found.keys():
            leak = self._findings.judge(task)[1]
            if leak is not None:
                self._findings.add(_leak_of_successor(leak))
        for task in refused:
            detach(task)
        for task in found.keys() - refused:
            # A kept test case may keep the task alive. Before 3.14, each query for a loop's tasks would then
            # visit it, so that each failing test would slow down all tests after it.
            task_internals.forget_task(task)
            wait_internals.forget_cancellation(task)

    def _keep_quiet_of_failures(self, before: dict[int, asyncio.Future[Any]]) -> None:
        """Keeps asyncio from logging futures that failed by the cancelling: the task's leak reports them."""
        for identity, future in self._failed_futures().items():
            if identity not in before:
                task_internals.mark_exception_retrieved(future)

    def _failed_futures(self) -> dict[int, asyncio.Future[Any]]:
        """Futures with an unretrieved exception, by id: a user's futures may not be hashable."""
        return {id(future): future for future in self._census.failed_futures()}


def _leak_after_cancelling(leak: Leak, task: _Task, refused: bool, grace_period: float) -> Leak:
    """The leak of a task, with what happened when it was cancelled.

    Retrieves the task's exception, so that it is not logged.
    """
    if refused:
        return dataclasses.replace(
            leak,
            description=f"stubborn, it ignored its cancellation for {grace_period:g} s; {leak.description}",
            remedy="let CancelledError through: re-raise it, and catch Exception rather than BaseException",
        )
    if task.done() and not task.cancelled() and (error := task.exception()) is not None:
        return dataclasses.replace(
            leak, description=f"{leak.description}; when cancelled it raised {one_line(error)}"
        )
    return leak


def _leak_of_successor(leak: Leak) -> Leak:
    return dataclasses.replace(
        leak,
        description=f"one of an endless chain: each starts the next when it is cancelled; {leak.description}",
        remedy="start no task in `finally` or `except CancelledError`, or end the chain at some point",
    )
