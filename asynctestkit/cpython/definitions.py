"""The attributes that Python itself gives to classes and modules.

A metaclass is not asked, as it may return anything, nor a module of a class of its own: one of
`importlib.util.LazyLoader` is imported as soon as it is asked for any attribute.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any

__all__ = ["is_defined", "is_immutable", "module_of", "mro_of", "names_in", "namespace_of", "qualname_of"]


def module_of(cls: type) -> str:
    """The module in which a class was defined, "" if none: `type_module`, Objects/typeobject.c."""
    name = _module(cls)
    return name if isinstance(name, str) else ""


def mro_of(cls: type) -> tuple[type, ...]:
    """The classes that attributes are looked up in: `tp_mro`, Objects/typeobject.c."""
    mro: tuple[type, ...] = _mro(cls)
    return mro


def namespace_of(cls: type) -> Mapping[str, Any]:
    """The attributes of a class itself: `type_dict`, Objects/typeobject.c."""
    namespace: Mapping[str, Any] = _namespace(cls)
    return namespace


def is_defined(name: str, classes: Iterable[type]) -> bool:
    """Whether any of these classes itself has it, in `type_dict`, Objects/typeobject.c: no code is called."""
    return any(name in namespace_of(cls) for cls in classes)


def names_in(thing: object) -> dict[str, Any]:
    """The global names of a module: `md_dict`, Objects/moduleobject.c; none if it is something else."""
    names: dict[str, Any] | None = _names(thing) if issubclass(type(thing), ModuleType) else None
    return {} if names is None else names


def qualname_of(cls: type) -> str:
    """The name of a class with those around it: `type_qualname`, Objects/typeobject.c."""
    name: str = _qualname(cls)
    return name


def is_immutable(cls: type) -> bool:
    """Whether a class is written in C and never changes: `Py_TPFLAGS_IMMUTABLETYPE`, Include/object.h."""
    return bool(_flags(cls) & 1 << 8)


_module: Any = vars(type)["__module__"].__get__
_names: Any = vars(ModuleType)["__dict__"].__get__
_qualname: Any = vars(type)["__qualname__"].__get__
_mro: Any = vars(type)["__mro__"].__get__
_namespace: Any = vars(type)["__dict__"].__get__
_flags: Any = vars(type)["__flags__"].__get__
