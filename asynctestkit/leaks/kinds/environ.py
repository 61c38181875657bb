"""The environment and the working directory, changed and not restored."""

from __future__ import annotations

import os  # live: what is compared is what the test sees
import reprlib
from types import FrameType
from typing import Any

from ...cpython import patch_internals
from ...stacks.code_owners import innermost_user_frame, runs_a_module
from ...stacks.places import CreationSite, capture_in_task, resolve
from ..census.audit import audit
from ..census.origins import origins
from ..detector import LeakDetector
from ..leak import Leak

__all__ = ["EnvironLeaks", "EnvironmentChange"]


class EnvironmentChange:
    """A changed variable, with its value before the test first changed it; None if there was none."""

    def __init__(self, variable: str, before: str | None, site: CreationSite) -> None:
        self.name = variable
        self.before = before
        self.site = site

    @property
    def now(self) -> str | None:
        """The current value."""
        return os.environ.get(self.name)

    def undo(self) -> None:
        """Restores the value from before the test."""
        if self.before is None:
            os.environ.pop(self.name, None)
        else:
            os.environ[self.name] = self.before

    remedy = "with mock.patch.dict(os.environ, …): …, which restores it"


class _DirectoryChange(EnvironmentChange):
    """A changed working directory, with the one that the test first left."""

    def __init__(self, before: str | None, site: CreationSite) -> None:
        super().__init__("working directory", before, site)

    @property
    def now(self) -> str | None:
        """The current directory; None if it was deleted."""
        return _working_directory()

    def undo(self) -> None:
        """Changes back, if the directory still exists."""
        if self.before is not None and os.path.isdir(self.before):
            os.chdir(self.before)

    remedy = "go back: self.addCleanup(os.chdir, os.getcwd()), or contextlib.chdir() on 3.11+"


class EnvironLeaks(LeakDetector):
    """Variables of `os.environ`, and the working directory, that are not what they were before the test."""

    kind = "environ"
    types = (EnvironmentChange,)
    may_outlive_tests = True

    def examine(self, obj: EnvironmentChange) -> Leak | None:
        now = obj.now
        if now == obj.before or _is_of_a_patch(obj.name):
            return None
        return Leak(
            kind=self.kind,
            name=obj.name,
            description=f"was {_shown(obj.before)}, is {_shown(now)}",
            phase=obj.site[0],
            created_at=resolve(obj.site),
            remedy=obj.remedy,
        )

    def depends_on_owner(self, obj: EnvironmentChange) -> bool:
        """False: variables have no holders."""
        return False

    def release(self, obj: EnvironmentChange) -> None:
        """Restores the variable or the directory."""
        obj.undo()


def _is_of_a_patch(variable: str) -> bool:
    """Exempt: what a started `mock.patch.dict(os.environ, …)` has changed: the patch is the leak."""
    patches = (
        each for each in patch_internals.started_patches() if getattr(each, "in_dict", None) is os.environ
    )
    own = (each for each in patches if each.in_dict is os.environ)
    return any(each.clear or variable in each.values for each in own)


def _shown(value: str | None) -> str:
    return "not there" if value is None else _SHORT.repr(value)


_SHORT = reprlib.Repr()
_SHORT.maxstring = 60


def _working_directory() -> str | None:
    try:
        return os.getcwd()
    except FileNotFoundError:
        return None


def _on_variable(arguments: tuple[Any, ...], frame: FrameType) -> None:
    """Called before a variable is set or deleted: `os.environ` still has the old value."""
    _note([os.fsdecode(arguments[0])], frame)


def _on_clear(_: tuple[Any, ...], frame: FrameType) -> None:  # pragma: no cover  # no event before 3.15
    """Called from 3.15 on, where `os.environ.clear()` deletes all variables at once."""
    _note(list(os.environ), frame)


def _note(variables: list[str], frame: FrameType) -> None:
    census = origins.current()
    if census is None or runs_a_module(frame):  # what a module sets on import is meant to stay
        return
    for name in variables:
        if name not in census.changes:
            site = capture_in_task(innermost_user_frame(frame), census.phase)
            census.changes[name] = EnvironmentChange(name, os.environ.get(name), site)


def _on_directory(_: tuple[Any, ...], frame: FrameType) -> None:
    census = origins.current()
    if census is not None and None not in census.changes and not runs_a_module(frame):
        site = capture_in_task(innermost_user_frame(frame), census.phase)
        census.changes[None] = _DirectoryChange(_working_directory(), site)


audit.add("os.putenv", _on_variable)
audit.add("os.unsetenv", _on_variable)
audit.add("os._clearenv", _on_clear)
audit.add("os.chdir", _on_directory)
