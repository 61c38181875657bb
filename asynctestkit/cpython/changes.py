"""What the library has changed in the process for longer than a test: wrappers, hooks, a thread, a handler.

To set them anew for each test would cost more than the test; so they stay once they are installed, and do
nothing while no test asks for them. All are installed here and nowhere else, which is why they can be listed,
and taken back whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["Undo", "all_of", "changes", "forget", "install_once", "note", "replace", "take_back"]

Undo = Callable[[], None]

_in_force: dict[str, Undo] = {}
_INHERITED = object()


def install_once(what: str, install: Callable[..., Undo], *arguments: Any) -> None:
    """Calls `install(*arguments)`, which returns what takes the change back; not if it is made already."""
    if what not in _in_force:
        _in_force[what] = install(*arguments)


def note(what: str, undo: Undo) -> None:
    """Enters a change that has been made, once more or for the first time."""
    _in_force[what] = undo


def forget(what: str) -> None:
    """It is there no more, as a thread is not in a forked child."""
    _in_force.pop(what, None)


def replace(owner: Any, name: str, value: Any) -> Undo:
    """Sets an attribute of a module or a class; what takes it back leaves alone what others set since."""
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
    """Takes back several parts of one change, the latest first."""

    def undo() -> None:
        for each in reversed(parts):
            each()

    parts = tuple(undos)
    return undo


def changes() -> list[str]:
    """What is changed in the process just now, in the order in which it was."""
    return list(_in_force)


def take_back() -> None:
    """Takes back all of it, the latest first; between tests. The next test installs what it needs."""
    while _in_force:
        _, undo = _in_force.popitem()
        undo()
