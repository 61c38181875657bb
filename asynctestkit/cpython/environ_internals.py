"""The private name by which the environment is read faster than `os.environ` itself does it.

The rules are those of `task_internals.py`: one small function each, that names its file and has a canary, in
`tests/cpython/test_environ_internals.py`. Checked on 3.10 to 3.15.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from .originals import os

__all__ = ["raw_values"]

_ENVIRON: Any = type(os.environ)


def raw_values(environ: Mapping[str, str], names: tuple[str, ...]) -> tuple[object, ...]:
    """The values of these variables as the mapping holds them, None for a missing one; to be compared only.

    `_Environ._data`, Lib/os.py: to encode a name and to handle the KeyError takes twenty times as long.
    """
    if type(environ) is not _ENVIRON:  # a test has replaced it
        return tuple(map(environ.get, names))
    return tuple(map(environ._data.get, _encoded(names)))  # type: ignore[attr-defined]  # private


@functools.cache
def _encoded(names: tuple[str, ...]) -> tuple[object, ...]:
    environ: Any = os.environ
    return tuple(map(environ.encodekey, names))
