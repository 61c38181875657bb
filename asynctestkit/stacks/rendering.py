"""Places and await chains as the lines of a report, each with its source."""

from __future__ import annotations

import linecache
from collections.abc import Iterable, Iterator, Sequence

from .places import Place

__all__ = ["render_chain", "render_places"]

_MOST_AT_AN_END = 4
_NARROWEST = 60


def render_chain(places: Iterable[Place], waits_on: str, indent: str) -> list[str]:
    """An await chain, one place after the other, and what it waits on; a long one without its middle."""
    lines = render_places(list(places), indent, outermost=_MOST_AT_AN_END)
    return [*lines, f"{indent}which waits on {waits_on}"] if waits_on else lines


def render_places(places: Sequence[Place], indent: str, *, outermost: int) -> list[str]:
    """Places with their source lines; of many, only the first `outermost`, and some of the innermost."""
    left_out = len(places) - outermost - _MOST_AT_AN_END
    if left_out <= 1:
        return [line for place in places for line in _shown(place, indent)]
    return [
        *(line for place in places[:outermost] for line in _shown(place, indent)),
        f"{indent}… {left_out} more …",
        *(line for place in places[-_MOST_AT_AN_END:] for line in _shown(place, indent)),
    ]


def _shown(place: Place, indent: str) -> Iterator[str]:
    """A place, and its source line if that can be read, cut to the width of the terminal."""
    yield f"{indent}{place}"
    source = linecache.getline(place.file, place.line).strip()
    if source:
        line = f"{indent}  {source}"
        if len(line) > _NARROWEST:  # to ask for the width takes as long as all of the above
            import shutil  # reports alone need it

            width = max(shutil.get_terminal_size().columns, _NARROWEST)
            line = line if len(line) <= width else f"{line[: width - 1]}…"
        yield line
