"""The default of an argument for which every value means something, None included."""

from __future__ import annotations

from typing import Any

__all__ = ["ABSENT"]


class _Absent:
    """`help()` shows it in signatures, where an `object()` would show its address."""

    def __repr__(self) -> str:
        return "<absent>"


ABSENT: Any = _Absent()
"""Stands for an argument that was not given."""
