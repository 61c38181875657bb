"""Assertions about tasks: that one can be cancelled, that none is pending."""

from __future__ import annotations

from typing import Any

from ..cpython import task_internals
from ..cpython.originals import asyncio
from ..leaks.kinds.exceptions import one_line
from ..leaks.kinds.tasks import TaskLeaks
from ..leaks.leak import Leak
from ..leaks.report import render_list
from ..loops.cancellation import detach, waits_for
from ..stacks.await_chain import chain_of_task
from .consumers import wait_for_all
from .failing import Failing, check_seconds
from .wording import LET_THROUGH, Subject, counted, shown, standing_lines

__all__ = ["TaskAssertions"]

__unittest = True


class TaskAssertions(Failing):
    """Assertions about the tasks of the running loop."""

    async def assertTaskCancelled(
        self, task: asyncio.Task[Any], within: float = 1.0, *, msg: Any = None
    ) -> None:
        """Cancels the task, unless it is done, and awaits it for at most `within` seconds of the loop's time.

        It has to end in CancelledError, or to have ended so before. Fails if it returned, raised something
        else, or is stubborn; a stubborn task is abandoned.
        """
        within = check_seconds(within, "within")
        if not isinstance(task, asyncio.Future):
            raise TypeError(f"assertTaskCancelled takes a task, not {task!r}")
        if task is task_internals.current_task():
            raise ValueError("assertTaskCancelled cannot await the end of the task that awaits it")
        subject, was_done = Subject(task), task.done()
        if not was_done:
            task.cancel()
            await wait_for_all([task], within)
        if task.cancelled():
            return
        if not task.done():
            lines = standing_lines(chain_of_task(task))
            detach(task)
            text = f"{subject.name} was cancelled, did not end in {within:g} s, and was abandoned"
            self._failWith(msg, "\n".join([text, *lines, f"remedy: {LET_THROUGH}"]))
        error = task.exception()
        what = f"returned {shown(task.result())}" if error is None else f"raised {one_line(error)}"
        when = "before it was cancelled" if was_done else "when it was cancelled"
        remedy = "cancel it while it still waits" if was_done else LET_THROUGH
        self._failWith(msg, f"{subject} {what} {when}\nremedy: {remedy}", error)

    def assertNoPendingTasks(self, *, msg: Any = None) -> None:
        """Asserts that no task of the running loop is pending, except the caller and those that wait for it.

        The failure lists them as the report of leaks does.
        """
        current = task_internals.current_task()
        callers = {current} if current is not None else set()
        others = task_internals.all_tasks(asyncio.get_running_loop()) - callers
        pending = sorted((each for each in others if not waits_for(each, callers)), key=_by_name)
        if pending:
            detector = TaskLeaks()
            leaks = [leak for each in pending if isinstance(leak := detector.examine(each), Leak)]
            text = f"{counted(len(pending), 'task')} pending, where there should be none:"
            self._failWith(msg, "\n".join([text, *render_list(leaks)]))


def _by_name(task: asyncio.Task[Any]) -> str:
    return task.get_name()
