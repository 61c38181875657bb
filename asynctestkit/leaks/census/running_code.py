"""The variables of running code: the collector does not see what they refer to."""

from __future__ import annotations

import sys
from types import CellType, FrameType

from ...cpython import thread_internals
from ...cpython.originals import threading
from ...stacks.code_owners import is_own
from .holder_classifier import Link, links_of_thread

__all__ = ["RunningCode"]


class RunningCode:
    """The variables in the frames of all threads, except those of this package's code.

    `snapshots` are dictionaries of variables: before 3.13 a frame keeps the one that `f_locals` returned.
    """

    def __init__(self) -> None:
        self.snapshots: list[dict[str, object]] = []
        self._links: dict[int, list[Link]] = {}
        self._cells: dict[int, list[Link]] = {}
        threads = {thread.ident: thread for thread in threading.enumerate()}
        self._note_all(sys._getframe(1), Link.TEST)
        for ident, innermost in thread_internals.frames_of_others().items():
            self._note_all(innermost, links_of_thread(threads.get(ident))[0])

    def links(self, thing: object) -> list[Link]:
        """What it means that running code holds an object in a variable, once for each variable."""
        if type(thing) is not CellType:
            return self._links.get(id(thing), [])
        try:
            return self._cells.get(id(thing.cell_contents), [])
        except ValueError:  # an empty cell
            return []

    def _note_all(self, innermost: FrameType, link: Link) -> None:
        frame: FrameType | None = innermost
        while frame is not None:
            # A module's variables are in its namespace, which the collector sees.
            if not is_own(frame.f_code.co_filename) and frame.f_locals is not frame.f_globals:
                self._note(frame, link)
            frame = frame.f_back

    def _note(self, frame: FrameType, link: Link) -> None:
        variables = frame.f_locals
        if isinstance(variables, dict):
            self.snapshots.append(variables)
        in_cells = {*frame.f_code.co_cellvars, *frame.f_code.co_freevars}
        for name, value in variables.items():
            noted = self._cells if name in in_cells else self._links
            noted.setdefault(id(value), []).append(link)
