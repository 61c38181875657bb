"""Patches that were started and not stopped."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from ...cpython import patch_internals
from ...cpython.changes import install_once
from ...cpython.originals import asyncio, os
from ...stacks.code_owners import runs_a_module
from ...stacks.places import capture, creation_site, resolve
from ..detector import LeakDetector
from ..leak import Leak

__all__ = ["PatchLeaks"]


class PatchLeaks(LeakDetector):
    """Patches that `mock.patch(…).start()` has started since the test began, and that are not stopped."""

    kind = "patch"
    types = patch_internals.PATCH_TYPES
    may_outlive_tests = True

    @staticmethod
    def registered(loop: asyncio.AbstractEventLoop) -> Iterable[Any]:
        hook = patch_internals.hook_started_patches
        install_once("unittest.mock: the list of started patches", hook, _note)
        return patch_internals.started_patches()

    def examine(self, obj: Any) -> Leak | None:
        if _was_started_by_a_module(obj):
            return None
        site = creation_site(obj)
        return Leak(
            kind=self.kind,
            name=_target(obj),
            description="started, not stopped",
            created_at=resolve(site) if site is not None else (),
            remedy="patcher.start(); self.addCleanup(patcher.stop), or `with mock.patch(…):`",
        )

    def release(self, obj: Any) -> None:
        """Stops the patch, which restores the original."""
        obj.stop()


def _note(patch: Any) -> None:
    starter = sys._getframe(2)
    patch._asynctestkit_site = capture(starter, "")
    patch._asynctestkit_is_of_a_module = runs_a_module(starter)


def _was_started_by_a_module(patch: Any) -> bool:
    """Exempt: a patch that a module has started on import is meant for the whole process."""
    return getattr(patch, "_asynctestkit_is_of_a_module", False)


def _target(patch: Any) -> str:
    """What is replaced, as a name: "os.getcwd"; for an unknown dictionary, its type."""
    if not hasattr(patch, "in_dict"):
        owner = getattr(patch.target, "__qualname__", None) or getattr(patch.target, "__name__", None)
        return f"{owner or type(patch.target).__qualname__}.{patch.attribute}"
    for name, known in (("os.environ", os.environ), ("sys.modules", sys.modules)):
        if patch.in_dict is known:
            return name
    return type(patch.in_dict).__qualname__
