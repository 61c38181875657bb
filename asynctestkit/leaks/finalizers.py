"""What the finalizer of a class does: whether it announces what was not closed, and what it asks before."""

from __future__ import annotations

import dis
from types import CodeType, FunctionType

from ..cpython.originals import gc

__all__ = ["Announcing", "announces", "reports_to_the_loop", "says_it_is_open", "warns"]

_WARNS, _REPORTS = "ResourceWarning", "call_exception_handler"
_OPEN_IF = {
    **dict.fromkeys(("closed", "_closed", "is_closed", "_is_closed"), False),
    **dict.fromkeys(("is_open", "_is_open", "opened", "_opened"), True),
}
"""Attributes that say whether a thing is open, and the value which says that it is."""


def announces(cls: type) -> bool:
    """Whether instances of a class that nobody has closed say so in their `__del__`."""
    code = _finalizer(cls)
    return code is not None and not {_WARNS, _REPORTS}.isdisjoint(code.co_names)


def warns(cls: type) -> bool:
    """Whether they say so by a warning."""
    code = _finalizer(cls)
    return code is not None and _WARNS in code.co_names


def reports_to_the_loop(cls: type) -> bool:
    """Whether they say so to the exception handler of their loop."""
    code = _finalizer(cls)
    return code is not None and _REPORTS in code.co_names


def says_it_is_open(thing: object) -> bool:
    """Whether it is known already that its finalizer will announce a thing: it asks for one attribute.

    One that asks for more, as whether there are connections at all, is not second-guessed. What has been
    finalized has announced itself already, and is alive because somebody has recorded that.
    """
    code = None if gc.is_finalized(thing) else _finalizer(type(thing))
    name = _only_condition(code) if code is not None else None
    return name is not None and getattr(thing, name, None) is _OPEN_IF[name]


def _finalizer(cls: type) -> CodeType | None:
    function = getattr(cls, "__del__", None)
    return function.__code__ if isinstance(function, FunctionType) else None


def _only_condition(code: CodeType) -> str | None:
    """The attribute that decides alone whether a finalizer comes to its announcement."""
    attribute, conditions = None, []
    for instruction in dis.get_instructions(code):
        if instruction.argval in (_WARNS, _REPORTS):
            break
        if instruction.opname in ("LOAD_ATTR", "LOAD_METHOD"):
            attribute = instruction.argval
        elif "JUMP" in instruction.opname and "_IF_" in instruction.opname:
            conditions.append(attribute)
    return conditions[0] if len(conditions) == 1 and conditions[0] in _OPEN_IF else None


class _OfFinalizer(type):
    def __subclasscheck__(cls, subclass: type) -> bool:
        return hasattr(subclass, "__del__") and announces(subclass)

    def __instancecheck__(cls, instance: object) -> bool:
        return issubclass(type(instance), cls)


class Announcing(metaclass=_OfFinalizer):
    """Stands for all classes whose instances announce themselves: those are its subclasses."""
