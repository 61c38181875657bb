"""What the library has changed in the process for longer than a test: wrappers, hooks, a thread, a handler.

Installing them anew for each test would cost more than the test; so they stay once they are installed, and do
nothing while no test needs them. All are installed through this module, so that all can be listed and undone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Set
from typing import Any

__all__ = [
    "Undo",
    "all_of",
    "are_in_force",
    "changes",
    "forget",
    "install_once",
    "note",
    "replace",
    "take_back",
]

Undo = Callable[[], None]

_in_force: dict[str, Undo] = {}
_INHERITED = object()


def install_once(what: str, install: Callable[..., Undo], *arguments: Any) -> None:
    """Calls `install(*arguments)`, which returns the undo function, unless the change is already in force."""
    if what not in _in_force:
        _in_force[what] = install(*arguments)


def are_in_force(whats: Set[str]) -> bool:
    """Whether all these changes are in force: cheaper than to ask for each."""
    return _in_force.keys() >= whats


def note(what: str, undo: Undo) -> None:
    """Records a change that has been made, or made again."""
    _in_force[what] = undo


def forget(what: str) -> None:
    """Drops the record of a change that is gone, as a thread is in a forked child."""
    _in_force.pop(what, None)


def replace(owner: Any, name: str, value: Any) -> Undo:
    """Sets an attribute of a module or a class; the undo function does nothing if it was set anew since."""
    before = vars(owner).get(name, _INHERITED)
    setattr(owner, name, value)

    def undo() -> None:
        if vars(owner).get(name) is not value:
            return
        if before is _INHERITED:
            delattr(owner, name)
        else:
            setattr(owner, name, before)

    return undo


def all_of(undos: Iterable[Undo]) -> Undo:
    """One undo function for the parts of a change; it undoes the latest first."""

    def undo() -> None:
        for each in reversed(parts):
            each()

    parts = tuple(undos)
    return undo


def changes() -> list[str]:
    """The changes that are in force, in the order in which they were made."""
    return list(_in_force)


def take_back() -> None:
    """Undoes all changes, the latest first. Call it between tests: the next test installs what it needs."""
    while _in_force:
        _, undo = _in_force.popitem()
        undo()
