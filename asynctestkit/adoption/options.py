"""The command line of `python -m asynctestkit`: our options are taken out, the rest is unittest's."""

from __future__ import annotations

import argparse
import dataclasses
import difflib
import typing
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from ..settings import from_environment
from .files import fault_of_folder
from .setting_options import add_setting_options, settings_in

__all__ = ["PROGRAM", "OnLeak", "Options", "OptionsError", "help_text", "parse"]

PROGRAM = "python -m asynctestkit"

OnLeak = Literal["report", "fail"]

_DESCRIPTION = """\
Runs a suite as `python -m unittest` does, finds what its asyncio tests leave behind, and says where it comes
from. Every IsolatedAsyncioTestCase is covered; no file of the suite is changed. By default nothing fails for
a leak: outcomes, their order and the exit status are unittest's."""
_EPILOG = """\
All other arguments are those of `python -m unittest`, which `python -m unittest --help` lists."""

_UNITTESTS = (
    "--help", "--verbose", "--quiet", "--locals", "--durations", "--failfast", "--catch", "--buffer",
    "--start-directory", "--pattern", "--top-level-directory",
)  # fmt: skip
_LEAST_SIMILARITY = 0.75


class OptionsError(Exception):
    """The command line is wrong; the message says how."""


@dataclasses.dataclass(frozen=True)
class Options:
    """The options of a run."""

    on_leak: OnLeak
    settings: Mapping[str, Any]
    """The settings that replace the defaults."""
    baseline: str | None
    write_baseline: str | None
    strict_baseline: bool
    json: str | None
    html: str | None
    junit: str | None
    wants_help: bool
    arguments: tuple[str, ...]
    """The arguments for unittest."""


def parse(arguments: Sequence[str]) -> Options:
    """Reads the command line and the environment; OptionsError if they are not valid."""
    parser = _parser()
    ours, others = _divided(parser.takes_value, arguments)
    try:
        given = parser.parse_args(ours)
        settings = {**from_environment(), **settings_in(given)}
    except ValueError as error:  # of the environment
        raise OptionsError(str(error)) from None
    on_leak = settings.pop("on_leak", "report")  # the environment's
    if given.strict_baseline and given.baseline is None:
        raise OptionsError("--strict-baseline needs a --baseline FILE")
    for path in (given.write_baseline, given.json, given.html, given.junit):
        if path is not None and (fault := fault_of_folder(path)) is not None:
            raise OptionsError(fault)
    return Options(
        given.on_leak or ("fail" if on_leak == "fail" else "report"),
        settings,
        given.baseline,
        given.write_baseline,
        given.strict_baseline,
        given.json,
        given.html,
        given.junit,
        given.help,
        tuple(others),
    )


def help_text() -> str:
    """The text of `--help`."""
    return _parser().format_help()


class _Parser(argparse.ArgumentParser):
    def __init__(self, *args: Any, **options: Any) -> None:
        self.takes_value: dict[str, bool] = {}
        """The name of every option, and whether a value follows it."""
        super().__init__(*args, **options)

    def add_argument(self, *args: Any, **options: Any) -> argparse.Action:
        action = super().add_argument(*args, **options)
        self.takes_value |= dict.fromkeys(action.option_strings, action.nargs is None)
        return action

    def error(self, message: str) -> typing.NoReturn:
        raise OptionsError(message.removeprefix("argument "))


def _parser() -> _Parser:
    parser = _Parser(
        PROGRAM, usage=f"{PROGRAM} [options] [arguments of python -m unittest]",
        description=_DESCRIPTION, epilog=_EPILOG, add_help=False, allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--help", "-h", action="store_true", help="show this help and exit")
    parser.add_argument(
        "--on-leak", type=_on_leak, metavar="report|fail", help="whether a leak fails its test (report)"
    )
    parser.add_argument("--write-baseline", metavar="FILE", help="record the leaks that are there")
    parser.add_argument("--baseline", metavar="FILE", help="accept those, and fail on any other")
    parser.add_argument("--strict-baseline", action="store_true", help="fail on entries that match no leak")
    parser.add_argument("--json", metavar="FILE", help="write everything as JSON")
    parser.add_argument("--html", metavar="FILE", help="write an HTML page")
    parser.add_argument("--junit", metavar="FILE", help="write JUnit XML for CI servers")
    add_setting_options(parser)
    return parser


def _on_leak(text: str) -> str:
    choices = typing.get_args(OnLeak)
    if text not in choices:
        nearest = difflib.get_close_matches(text.lower(), choices, n=1, cutoff=0.0)[0]
        raise argparse.ArgumentTypeError(f"{text!r} is neither 'report' nor 'fail'; try {nearest!r}")
    return text


def _divided(takes_value: dict[str, bool], arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Our arguments and those of unittest, each in their order; after "--" all are unittest's."""
    ours: list[str] = []
    others: list[str] = []
    left = list(arguments)
    while left:
        argument = left.pop(0)
        if argument == "--":
            others += [argument, *left]
            break
        name, is_joined, _ = argument.partition("=")
        if name in takes_value:
            ours.append(argument)
            if takes_value[name] and not is_joined and left:
                ours[-1] += f"={left.pop(0)}"  # even if it begins with "-"
        else:
            _reject_misspelt(name, list(takes_value))
            others.append(argument)
            if argument == "-k" and left:  # the one option whose value may look like an option
                others.append(left.pop(0))
    return ours, others


def _reject_misspelt(name: str, known: list[str]) -> None:
    """Raises OptionsError for an option that is a misspelling of ours, and not one of unittest's."""
    if not name.startswith("--") or any(each.startswith(name) for each in _UNITTESTS):
        return
    nearest = difflib.get_close_matches(name, known, n=1, cutoff=_LEAST_SIMILARITY)
    shortened = [each for each in known if each.startswith(name)]
    if nearest or shortened:
        raise OptionsError(f"unknown option {name}; did you mean {(shortened or nearest)[0]}?")
