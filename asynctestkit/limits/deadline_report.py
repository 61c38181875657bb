"""The report on a phase that exceeded its deadline: where it stood, why, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from ..cpython import loop_internals, task_internals, transport_internals
from ..cpython.originals import asyncio, gc, os
from ..leaks.addresses import address
from ..leaks.kinds.exceptions import one_line, raised_at
from ..leaks.kinds.transports import name_of_transport
from ..loops.outside.activity import what_is_at_work
from ..loops.outside.jobs import Job, jobs_in_flight
from ..loops.stopped_clock import has_stopped_clock, replacement_in_words
from ..loops.virtual.virtual_loop import VirtualEventLoop
from ..stacks.await_chain import first_names, links, name_order
from ..stacks.rendering import render_chain
from ..stacks.thread_stacks import places_of_stack
from .deadlock import Cause, facts_about
from .no_progress import REMEDIES, REMEDY_OF_STOPPED_CLOCK
from .stranded import can_never_wake
from .subject import Subject
from .task_listing import list_tasks

__all__ = ["report_of_overrun"]

_Task = asyncio.Task[Any]
_MOST_SHOWN = 5


class _Finding(NamedTuple):
    """An explanation of the overrun, as lines of the report, and what to do about it."""

    lines: list[str]
    remedy: str


def report_of_overrun(guard: Subject, headline: str, blocked_stack: str) -> str:
    """The report on the current state; `blocked_stack` is "" if nothing blocks the loop."""
    is_stranded = not blocked_stack and can_never_wake(guard.code)  # before there are more references to it
    main = guard.code.main_task
    # A main task that waits for nothing is what blocks: it is shown already.
    stands = main is not None and not main.done() and not (blocked_stack and _is_at_work(main))
    others = guard.census.pending_tasks() - {main}
    waiting = [*([main] if main is not None and stands else []), *sorted(others, key=name_order)]
    findings = list(_findings(guard, blocked_stack, waiting))
    if is_stranded:
        findings.append(
            _Finding([_STRANDED], "; ".join(REMEDIES[each] for each in facts_about(waiting).causes))
        )
    lines = [headline]
    for finding in findings[:1]:
        lines += ["", *finding.lines]
    lines += list_tasks(main if stands else None, others)
    for finding in findings[1:]:
        lines += ["", *finding.lines]
    remedies = [finding.remedy for finding in findings] or [_remedy_of_tasks(waiting)]
    return "\n".join([*lines, "", f"remedy: {remedies[0]}"])


_STRANDED = "it could never wake: nothing that still runs refers to what it waits for, and only timers go on"


def _is_at_work(task: _Task) -> bool:
    return task_internals.awaited_future(task) is None


def _findings(guard: Subject, blocked_stack: str, waiting: list[_Task]) -> Iterator[_Finding]:
    """Explanations of the overrun, the most certain first."""
    loop = guard.loop
    inner = loop_internals.running_loop()
    is_within = loop.is_running() and inner is not None and inner is not loop
    if is_within and _is_in_select(blocked_stack):
        yield _of_loop_within(loop, inner)  # type: ignore[arg-type]  # there is one
    elif blocked_stack:
        yield _Finding(["it was blocked here, outside of any await:", blocked_stack.rstrip()], _BLOCKED)
    elif isinstance(loop, VirtualEventLoop) and (at_work := what_is_at_work(loop.contacts.spared)):
        lines = [f"virtual time did not jump, because of work outside the loop: {', '.join(at_work)}"]
        yield _Finding(lines, _HELD_TIME)
    if has_stopped_clock(loop):
        yield _Finding(
            [f"its loop's clock stands still: {replacement_in_words(loop)}"], REMEDY_OF_STOPPED_CLOCK
        )
    yield from _of_the_failed(guard)
    yield from _of_servers(guard, waiting)
    yield from _of_jobs(guard)


def _is_in_select(blocked_stack: str) -> bool:
    innermost = [line for line in blocked_stack.splitlines() if line.startswith('  File "')][-1:]
    return any(os.path.basename(line.split('"')[1]) == "selectors.py" for line in innermost)


def _of_loop_within(outer: asyncio.AbstractEventLoop, inner: asyncio.AbstractEventLoop) -> _Finding:
    """What a loop waited for that ran within a step of the test's own, as those of assertCancelSafe do."""
    stood = list_tasks(None, task_internals.all_tasks(inner))[2:]
    lines = ["it waited in another loop, which ran within the test's own:", *stood]
    servers = [
        address(socket.getsockname())
        for each in gc.get_objects()
        if type(each) is asyncio.Server and each.get_loop() is outer
        for socket in each.sockets
    ]
    if servers:
        names = first_names(sorted(servers))
        lines.append(f"the test's own loop stood still meanwhile, and so did what it serves: {names}")
    return _Finding(lines, _WITHIN)


_WITHIN = (
    "create in the same coroutine what it waits for, such as the server (for assertCancelSafe: in what "
    "make_coro returns); the test's own loop stands still while another runs within it"
)
_BLOCKED = (
    "use calls that can be awaited (asyncio.sleep, streams, …), or hand it to a thread: await "
    "asyncio.to_thread(…); code that awaits only what is done at once, such as a mock, never lets other "
    "tasks run"
)
_HELD_TIME = (
    "let that work end, or mock it; a thread that never wakes the test: "
    'allowed_leaks = (Allowance("thread", name=…, reason=…),)'
)


def _of_the_failed(guard: Subject) -> Iterator[_Finding]:
    """The tasks that have failed without a report: others may wait for what they would have done."""
    failed = sorted(guard.census.failed_tasks(), key=name_order)
    errors = [(task.get_name(), task.exception()) for task in failed]  # asyncio need not log them as well
    lines = [line for name, error in errors[:_MOST_SHOWN] if error for line in _failure(name, error)]
    if lines:
        rest = [f"  … and {len(failed) - _MOST_SHOWN} more"] if len(failed) > _MOST_SHOWN else []
        names = first_names([task.get_name() for task in failed])
        yield _Finding(
            ["tasks that had failed by then, whose exceptions were never retrieved:", *lines, *rest],
            f"fix the error in {names}; await it, or start it in a TaskGroup, so that the test fails with it",
        )


def _failure(name: str, error: BaseException) -> list[str]:
    return [f"  task {name!r}: {one_line(error)}", *render_chain(raised_at(error), "", "    ")]


def _of_servers(guard: Subject, waiting: list[_Task]) -> Iterator[_Finding]:
    """From 3.12 `Server.wait_closed()` waits for every connection: Lib/asyncio/base_events.py."""
    servers = {id(each) for task in waiting for each in _closing_servers(task)}
    connections = [
        each
        for each in transport_internals.connections_of(guard.loop)
        if id(transport_internals.server_of(each)) in servers
    ]
    if connections:
        names = sorted(map(name_of_transport, connections))
        rest = [f"  … and {len(names) - _MOST_SHOWN} more"] if len(names) > _MOST_SHOWN else []
        yield _Finding(
            [
                "Server.wait_closed() waits until every connection of the server is closed; these are open:",
                *(f"  {name}" for name in names[:_MOST_SHOWN]),
                *rest,
            ],
            "close the clients first, or end their connections: server.close_clients() (3.13+)",
        )


def _closing_servers(task: _Task) -> Iterator[asyncio.Server]:
    for _, frame in links(task_internals.coroutine_of(task)):
        owner = frame.f_locals.get("self") if frame is not None else None
        if isinstance(owner, asyncio.Server) and frame is not None and frame.f_code.co_name == "wait_closed":
            yield owner


def _of_jobs(guard: Subject) -> Iterator[_Finding]:
    """Jobs of pools that the loop waits for."""
    jobs = sorted((job for job in jobs_in_flight() if job.serves(guard.loop)), key=lambda job: job.given_at)
    if jobs:
        lines = [line for job in jobs[:_MOST_SHOWN] for line in _job(job)]
        rest = [f"  … and {len(jobs) - _MOST_SHOWN} more"] if len(jobs) > _MOST_SHOWN else []
        yield _Finding(
            ["jobs in thread pools that it was waiting for:", *lines, *rest],
            "make the job end in time: a thread cannot be cancelled, so give what it calls a time-out",
        )


def _job(job: Job) -> Iterable[str]:
    frame = job.frame()
    if frame is None:
        return [f"  {job.name}(), queued: every thread of its pool is busy"]
    return [f"  {job.name}(), which stands at:", *render_chain(places_of_stack(frame), "", "    ")]


def _remedy_of_tasks(waiting: list[_Task]) -> str:
    causes = [each for each in facts_about(waiting).causes if each is not Cause.SIGNAL] if waiting else []
    if causes:
        return "; ".join(REMEDIES[each] for each in causes)
    return "give the step that hangs a time-out of its own, or allow more: @hygiene(deadline=…)"
