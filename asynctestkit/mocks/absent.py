"""The default value of arguments for which None is a meaningful value."""

from __future__ import annotations

from typing import Any

__all__ = ["ABSENT"]


class _Absent:
    """The type of ABSENT. `help()` shows its repr in signatures; an `object()` has an address there."""

    def __repr__(self) -> str:
        return "<absent>"


ABSENT: Any = _Absent()
"""Stands for an argument that was not given."""
