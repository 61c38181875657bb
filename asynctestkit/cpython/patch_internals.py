"""The private names behind the patches that `mock.patch(…).start()` has started.

`tests/cpython/test_patch_internals.py` has a canary for each function. Checked on 3.10 to 3.15.
"""

from __future__ import annotations

import unittest.mock
from collections.abc import Callable
from typing import Any

from .changes import Undo

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
    """The lists that started patches are in: `_patch._active_patches`, Lib/unittest/mock.py."""
    return [unittest.mock._patch._active_patches]  # type: ignore[attr-defined]  # not in typeshed


def hook_started_patches(note: Callable[[Any], None]) -> Undo:
    """Calls `note`, from now on, with each patch that is started.

    Both classes of patches append to one list, `_patch._active_patches` in Lib/unittest/mock.py, which is
    replaced by a list that calls `note`.
    """
    owner: Any = unittest.mock._patch
    before = owner._active_patches
    owner._active_patches = _StartedPatches(before, note)

    def undo() -> None:
        before[:] = owner._active_patches
        owner._active_patches = before

    return undo


class _StartedPatches(list[Any]):
    def __init__(self, patches: list[Any], note: Callable[[Any], None]) -> None:
        super().__init__(patches)
        self._note = note

    def append(self, patch: Any) -> None:
        self._note(patch)
        super().append(patch)
