"""Every setting as an option of the command line: named, read and checked as the settings are defined."""

from __future__ import annotations

import argparse
import dataclasses
import typing
from collections.abc import Callable
from typing import Any

from ..leaks.allowances import Allowance
from ..leaks.kinds import STRICT_DETECTORS
from ..settings import ClockName, Settings, check

__all__ = ["add_setting_options", "settings_in"]

_OWN = ("on_leak", "leak_detectors", "allowed_leaks")
"""Settings with options of another form: --on-leak, --strict, --allow."""
_UNSET: Any = object()


def add_setting_options(parser: argparse.ArgumentParser) -> None:
    """Adds an option for each setting; the parser rejects invalid values with an error."""
    parser.add_argument("--strict", action="store_true", help="look for every kind of leak")
    parser.add_argument(
        "--allow", action="append", default=[], type=_checked("allow", _allowance), metavar="KIND:NAME",
        help='tolerate these, such as "task:bg:*"; may be given again',
    )  # fmt: skip
    types = typing.get_type_hints(Settings)
    for field in dataclasses.fields(Settings):
        if field.name in _OWN:
            continue
        option = f"--{field.name.replace('_', '-')}"
        if types[field.name] is bool:
            parser.add_argument(option, action="store_true", default=_UNSET, help=_HELP[field.name])
        else:
            read, metavar = _READERS[types[field.name]]
            parser.add_argument(
                option,
                default=_UNSET,
                type=_checked(field.name, read),
                metavar=metavar,
                help=_HELP[field.name],
            )


def settings_in(options: argparse.Namespace) -> dict[str, Any]:
    """The settings that were given as options."""
    names = (field.name for field in dataclasses.fields(Settings) if field.name not in _OWN)
    given = {name: getattr(options, name) for name in names if getattr(options, name) is not _UNSET}
    if options.strict:
        given["leak_detectors"] = STRICT_DETECTORS
    if options.allow:
        given["allowed_leaks"] = tuple(options.allow)
    return given


def _checked(name: str, read: Callable[[str], Any]) -> Callable[[str], Any]:
    def checked(text: str) -> Any:
        try:
            value = read(text)
            if name != "allow":
                check({name: value})
        except (TypeError, ValueError) as error:
            raise argparse.ArgumentTypeError(str(error)) from None
        return value

    return checked


def _allowance(text: str) -> Allowance:
    kind, _, name = text.partition(":")
    return Allowance(kind, name=name or None, reason="allowed on the command line")


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number of seconds") from None


def _limit(text: str) -> float | None:
    return _seconds(text) or None


def _flag(text: str) -> bool:
    if text.lower() not in _FLAGS:
        raise ValueError(f"{text!r} is neither true nor false")
    return _FLAGS[text.lower()]


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text!r} is not an integer") from None


_FLAGS = {"true": True, "false": False}

_READERS: dict[Any, tuple[Callable[[str], Any], str]] = {
    float: (_seconds, "SECONDS"),
    float | None: (_limit, "SECONDS"),
    bool | None: (_flag, "true|false"),
    int | None: (_integer, "NUMBER"),
    ClockName: (str, "real|virtual"),
}
"""For each type, how a value is read, and its name in the help."""

_HELP = {
    "settle_time": "how long pending tasks may take to end by themselves (1)",
    "grace_period": "how long cancelled tasks get to finish (0.5)",
    "deadline": "the limit of each phase of a test, which fails it; 0 = none",
    "blocking_threshold": "how long one callback may hold the loop; 0 = no limit",
    "asyncio_debug": "asyncio's debug mode; else as PYTHONASYNCIODEBUG and -X dev say",
    "require_task_names": "every task that a test starts must carry a name of its own",
    "random_seed": "what `random` is seeded with before each test",
    "patch_time": "on the virtual clock, the time module follows it",
    "clock": "time passes, or jumps",
}
