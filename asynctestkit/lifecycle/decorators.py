"""The decorators of a single test, or of a class: `@hygiene` and `@allow_leaks`."""

from __future__ import annotations

from collections.abc import Callable
from types import MethodType
from typing import TYPE_CHECKING, Any, TypeVar

from ..leaks.allowances import Allowance
from ..settings import NAMES, Overrides, check

if TYPE_CHECKING:
    from typing_extensions import Unpack  # from 3.11 in typing

__all__ = ["allow_leaks", "allowances_of", "function_of", "hygiene", "overrides_of"]

_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])

_OVERRIDES = "_asynctestkit_settings"
_ALLOWANCES = "_asynctestkit_allowances"
_NONE: dict[Any, Any] = {}


def hygiene(**overrides: Unpack[Overrides]) -> Callable[[_Decorated], _Decorated]:
    """Overrides settings for one test method, or for one class and its subclasses; Settings lists them.

    An unknown setting is a TypeError, a bad value a TypeError or ValueError, when the decorator runs.
    """
    check(overrides)

    def decorate(target: _Decorated) -> _Decorated:
        if isinstance(target, type):
            _require_hygienic(target, "hygiene")
            for name, value in overrides.items():
                setattr(target, name, value)
        else:
            _set(target, _OVERRIDES, {**overrides_of(target), **overrides}, "hygiene")
        return target

    return decorate


def allow_leaks(
    kind: str, *, name: str | None = None, coroutine: str | None = None, reason: str, required: bool = True
) -> Callable[[_Decorated], _Decorated]:
    """Tolerates the leaks of one kind in one test method, or in one class and its subclasses; see Allowance.

    On a method, an allowance that matches nothing fails the test as stale, unless `required` is False.
    """
    allowance = Allowance(kind, name=name, coroutine=coroutine, reason=reason)

    def decorate(target: _Decorated) -> _Decorated:
        if isinstance(target, type):
            _require_hygienic(target, "allow_leaks")
            target.allowed_leaks = (*target.allowed_leaks, allowance)  # type: ignore[attr-defined]  # just checked
        else:
            _set(target, _ALLOWANCES, {**allowances_of(target), allowance: required}, "allow_leaks")
        return target

    return decorate


def overrides_of(method: object) -> dict[str, Any]:
    """The settings that `@hygiene` overrides for a test method."""
    found: dict[str, Any] = getattr(function_of(method), _OVERRIDES, _NONE)
    return found


def allowances_of(method: object) -> dict[Allowance, bool]:
    """The allowances on a test method, each with whether it is required to match."""
    found: dict[Allowance, bool] = getattr(function_of(method), _ALLOWANCES, _NONE)
    return found


def function_of(method: Any) -> Any:
    """The function of a bound method, which has its attributes; a method without one takes longer to ask."""
    return method.__func__ if type(method) is MethodType else method


def _set(target: object, name: str, value: object, decorator: str) -> None:
    try:
        setattr(target, name, value)
    except AttributeError:
        raise TypeError(f"@{decorator} is for test methods and classes, not for {target!r}") from None


def _require_hygienic(target: type, decorator: str) -> None:
    missing = [name for name in NAMES if not hasattr(target, name)]
    if missing:
        raise TypeError(
            f"@{decorator} on {target.__name__}, which is not a HygieneMixin or HygienicAsyncTestCase"
        )
