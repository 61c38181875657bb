"""The private names behind the patches that `mock.patch(…).start()` has started.

`tests/cpython/test_patch_internals.py` has a canary for each function. Checked on 3.10 to 3.15.
"""

from __future__ import annotations

import unittest.mock
from collections.abc import Callable
from typing import Any

__all__ = [
    "PATCH_TYPES",
    "hook_started_patches",
    "registry",
    "started_patches",
]


PATCH_TYPES: tuple[type[Any], ...] = (unittest.mock._patch, unittest.mock._patch_dict)


def started_patches() -> list[Any]:
    """The patches that `start()` has started: `_patch._active_patches`, Lib/unittest/mock.py."""
    return list(unittest.mock._patch._active_patches)  # type: ignore[attr-defined]  # not in typeshed


def registry() -> list[Any]:
    """Where those are entered: `_patch._active_patches`, Lib/unittest/mock.py."""
    return [unittest.mock._patch._active_patches]  # type: ignore[attr-defined]  # not in typeshed


def hook_started_patches(note: Callable[[Any], None]) -> None:
    """Calls `note`, from now on and for good, with each patch that is started.

    Both classes of patches append to one list, `_patch._active_patches` in Lib/unittest/mock.py, which is
    replaced by one that tells.
    """
    started = unittest.mock._patch._active_patches  # type: ignore[attr-defined]  # not in typeshed
    if not isinstance(started, _StartedPatches):
        started = _StartedPatches(started)
        unittest.mock._patch._active_patches = started  # type: ignore[attr-defined]  # not in typeshed
    if note not in started.notes:
        started.notes.append(note)


class _StartedPatches(list[Any]):
    def __init__(self, patches: list[Any]) -> None:
        super().__init__(patches)
        self.notes: list[Callable[[Any], None]] = []

    def append(self, patch: Any) -> None:
        for note in self.notes:
            note(patch)
        super().append(patch)
