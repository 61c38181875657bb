"""Assertions that no warnings are issued and no records are logged."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

from ..stacks.places import Place
from .failing import Failing
from .wording import counted

__all__ = ["LogAssertions"]

__unittest = True

_MOST = 20


class LogAssertions(Failing):
    """Assertions about warnings and log records. An exception of the block itself is never masked."""

    def assertNoWarnings(
        self, category: type[Warning] | tuple[type[Warning], ...] = Warning, *, msg: Any = None
    ) -> AbstractContextManager[None]:
        """`with`: no warning of this category, or these, may be issued in the block, in any thread.

        The filters do not matter: warnings count that are ignored, were shown before, or would be raised
        under `-W error`. Other warnings are treated as usual.
        """
        categories = category if isinstance(category, tuple) else (category,)
        for each in categories:
            if not (isinstance(each, type) and issubclass(each, Warning)):
                raise TypeError(f"assertNoWarnings takes a class of warnings, not {each!r}")
        return _NoWarnings(self, categories, msg)

    def assertLogsNothing(
        self, logger: logging.Logger | str | None = None, level: int | str = "WARNING", *, msg: Any = None
    ) -> AbstractContextManager[None]:
        """`with`: nothing may be logged in the block at this level or above, in any thread.

        Neither by the logger (default: the root logger) nor by one below it, even if that does not
        propagate; records that their own levels suppress do not count. Other handlers get them as usual.
        """
        found = logger if isinstance(logger, logging.Logger) else logging.getLogger(logger)
        return _LogsNothing(self, found, _Listener(level), msg)

    def _failWithList(self, msg: object, what: str, said: list[str], remedy: str) -> None:
        more = [f"  … and {len(said) - _MOST} more"] if len(said) > _MOST else []
        head = f"{what}, where there should be none:"
        self._failWith(msg, "\n".join([head, *said[:_MOST], *more, f"remedy: {remedy}"]))


class _NoWarnings:
    def __init__(self, case: LogAssertions, categories: tuple[type[Warning], ...], msg: object) -> None:
        self._case = case
        self._categories = categories
        self._msg = msg
        self._said: list[str] = []
        self._catching: Any = warnings.catch_warnings()

    def __enter__(self) -> None:
        self._catching.__enter__()
        self._show: Any = warnings.showwarning
        warnings.showwarning = self._note  # type: ignore[assignment]  # it passes the rest on
        for category in self._categories:
            warnings.simplefilter("always", category)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._catching.__exit__()
        if self._said and kind is None:
            what = f"{counted(len(self._said), 'warning')} issued"
            remedy = "fix what the warning is about, or expect it with assertWarns(…)"
            self._case._failWithList(self._msg, what, self._said, remedy)

    def _note(
        self, message: Warning | str, category: type[Warning], filename: str, lineno: int, *rest: Any
    ) -> None:
        if issubclass(category, self._categories):
            place = str(Place(filename, lineno, "")).removesuffix(" in ")
            self._said.append(f"  {category.__name__}: {message}  ({place})")
        else:
            self._show(message, category, filename, lineno, *rest)


class _LogsNothing:
    def __init__(self, case: LogAssertions, logger: logging.Logger, listener: _Listener, msg: object) -> None:
        self._case = case
        self._logger = logger
        self._listener = listener
        self._msg = msg

    def __enter__(self) -> None:
        self._level = self._logger.level
        self._loggers = [self._logger, *_not_propagating_to(self._logger)]
        for each in self._loggers:
            each.addHandler(self._listener)
        if self._logger.getEffectiveLevel() > self._listener.level:
            self._logger.setLevel(self._listener.level)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._logger.setLevel(self._level)
        for each in self._loggers:
            each.removeHandler(self._listener)
        said = self._listener.said
        if said and kind is None:
            level = logging.getLevelName(self._listener.level)
            what = f"{counted(len(said), 'record')} logged at {level} or above"
            remedy = "fix what is logged, or expect it with assertLogs(…)"
            self._case._failWithList(self._msg, what, said, remedy)


class _Listener(logging.Handler):
    """Keeps the text of records, and no object that they refer to."""

    def __init__(self, level: int | str) -> None:
        super().__init__(level)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        place = Place(record.pathname, record.lineno, record.funcName or "")
        try:
            text = record.getMessage()
        except Exception:  # the arguments do not fit, which logging itself only prints
            text = f"{record.msg!r} with {record.args!r}"
        self.said.append(f"  {record.levelname}:{record.name}:{text}  ({place})")


def _not_propagating_to(logger: logging.Logger) -> Iterator[logging.Logger]:
    """The loggers below this one whose records do not propagate to it."""
    prefix = "" if logger is logging.getLogger() else f"{logger.name}."
    for name, each in list(logger.manager.loggerDict.items()):
        is_below = name.startswith(prefix) and each is not logger
        if is_below and isinstance(each, logging.Logger) and not each.propagate:
            yield each
