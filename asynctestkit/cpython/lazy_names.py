"""Names of a package that are imported when they are first asked for."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["lazy_names"]


def lazy_names(
    package: str, homes: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The `__getattr__` and `__dir__` of a package; `homes`: the names that each of its modules has.

    See PEP 562, and module_getattro and module_dir in Objects/moduleobject.c. The package's modules are
    attributes of it as well. The standard library is copied now (`originals`): when the first name is asked
    for, a test may have replaced some of it.
    """
    importlib.import_module(f"{__package__}.originals")
    home_of = {name: home for home, names in homes.items() for name in names.split()}
    known = vars(sys.modules[package])

    def attribute(name: str) -> Any:
        if name in home_of:
            module = importlib.import_module(f"{package}.{home_of[name]}")
            return known.setdefault(name, getattr(module, name))
        if not name.startswith("_") and importlib.util.find_spec(f"{package}.{name}") is not None:
            return importlib.import_module(f"{package}.{name}")
        raise AttributeError(
            f"module {package!r} has no attribute {name!r}", name=name, obj=sys.modules[package]
        )

    def names() -> list[str]:
        return sorted({*known, *home_of})

    return attribute, names
