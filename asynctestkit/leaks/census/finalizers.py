"""Whether the finalizer of a class announces that an instance was not closed, and under which condition."""

from __future__ import annotations

import contextlib
import dis
import functools
from types import CodeType, FunctionType

from ...cpython.originals import gc

__all__ = ["Announcing", "announces", "reports_to_the_loop", "says_it_is_open", "warns"]

_WARNS, _REPORTS = "ResourceWarning", "call_exception_handler"
_STATES = {"closed", "_closed", "is_closed", "_is_closed", "is_open", "_is_open", "opened", "_opened"}
"""Attributes that say whether an object is open."""


def announces(cls: type) -> bool:
    """Whether the `__del__` of a class announces that an instance was not closed."""
    code = _finalizer(cls)
    return code is not None and not {_WARNS, _REPORTS}.isdisjoint(code.co_names)


def warns(cls: type) -> bool:
    """Whether such instances issue a warning."""
    code = _finalizer(cls)
    return code is not None and _WARNS in code.co_names


def reports_to_the_loop(cls: type) -> bool:
    """Whether such instances call the exception handler of their loop."""
    code = _finalizer(cls)
    return code is not None and _REPORTS in code.co_names


def says_it_is_open(thing: object) -> bool:
    """Whether an object's finalizer is certain to announce it: the finalizer checks one attribute only.

    For a finalizer that checks more, such as whether there are connections, it is False. An object that was
    finalized has announced itself already, and is alive because somebody has recorded that.
    """
    code = None if gc.is_finalized(thing) else _finalizer(type(thing))
    condition = _condition(code) if code is not None else None
    if condition is None:
        return False
    name, value = condition
    with contextlib.suppress(Exception):  # a user's property, which may need what is gone by now
        return getattr(thing, name) is value
    return False


def _finalizer(cls: type) -> CodeType | None:
    function = getattr(cls, "__del__", None)
    return function.__code__ if isinstance(function, FunctionType) else None


@functools.lru_cache(maxsize=256)
def _condition(code: CodeType) -> tuple[str, bool] | None:
    """The attribute of `self` that alone decides whether a finalizer announces it, and the deciding value.

    Recognized are `if not self.closed: announce` and `if self.closed: return; announce`.
    """
    before = []
    for instruction in dis.get_instructions(code):
        if instruction.argval in (_WARNS, _REPORTS):
            break
        if instruction.opname != "TO_BOOL":
            before.append(instruction)
    jumps = [n for n, each in enumerate(before) if "JUMP" in each.opname and "_IF_" in each.opname]
    if len(jumps) != 1 or jumps[0] < 2:
        return None
    owner, attribute, jump = before[jumps[0] - 2 : jumps[0] + 1]
    is_own = owner.opname.startswith("LOAD_FAST") and owner.argval == code.co_varnames[0]
    if not is_own or attribute.opname != "LOAD_ATTR" or attribute.argval not in _STATES:
        return None
    jumps_if = jump.opname.endswith("_TRUE")
    if jump.argval > instruction.offset:
        return attribute.argval, not jumps_if
    returns = any(
        each.opname.startswith("RETURN") and each.offset < jump.argval for each in before[jumps[0] :]
    )
    return (attribute.argval, jumps_if) if returns else None


class _OfFinalizer(type):
    def __subclasscheck__(cls, subclass: type) -> bool:
        return hasattr(subclass, "__del__") and announces(subclass)

    def __instancecheck__(cls, instance: object) -> bool:
        return issubclass(type(instance), cls)


class Announcing(metaclass=_OfFinalizer):
    """A virtual base of all classes whose instances announce themselves."""
