"""A clock that stands still for every loaded module, as freezegun's does."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import Any

__all__ = ["frozen_time"]

_NAMES = ("time", "monotonic", "perf_counter")


class _Frozen:
    def __init__(self, function: Any) -> None:
        self.now = function()

    def __call__(self) -> float:
        return self.now


@contextlib.contextmanager
def frozen_time() -> Iterator[dict[str, _Frozen]]:
    """Replaces the functions of `time` by stopped ones, under whatever name a module has them.

    Assign `now` to let one go on.
    """
    frozen = {name: _Frozen(getattr(time, name)) for name in _NAMES}
    fakes = {id(getattr(time, name)): fake for name, fake in frozen.items()}
    replaced = []
    for module in tuple(sys.modules.values()):
        for name, value in list(getattr(module, "__dict__", {}).items()):
            if id(value) in fakes:
                replaced.append((module, name, value))
                setattr(module, name, fakes[id(value)])
    try:
        yield frozen
    finally:
        for module, name, value in replaced:
            setattr(module, name, value)
