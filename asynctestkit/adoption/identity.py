"""The identity of a leak across runs: kind, file, function, and the pattern of the name.

No line number, as lines move, and no counters or random parts: `Task-17` is `Task-*`, a port is `*`.
"""

from __future__ import annotations

import re
import sysconfig
from typing import NamedTuple

from ..cpython.originals import os
from ..leaks.leak import Leak
from ..stacks.places import Place, creators

__all__ = ["FIELDS", "Identity", "identity_of", "name_pattern", "place_of", "shown_path"]


class Identity(NamedTuple):
    """What identifies a leak in every run."""

    kind: str
    file: str
    """Relative to the folder of the run, with slashes; "" if the place is unknown."""
    function: str
    name: str
    """An `fnmatch` pattern, as for an Allowance."""

    def values(self) -> dict[str, str]:
        """The fields by name, as in files."""
        return dict(zip(FIELDS, self, strict=True))


FIELDS = ("kind", "file", "function", "name")


def identity_of(leak: Leak, folder: str) -> Identity:
    """The identity of a leak of a run that was started in `folder`."""
    place = place_of(leak)
    file, function = (shown_path(place.file, folder), place.function) if place is not None else ("", "")
    return Identity(leak.kind, file, function, name_pattern(leak.name))


def place_of(leak: Leak) -> Place | None:
    """The user's line that created a leak; else, as for an error of a callback, the line that raised it."""
    places = leak.created_at or creators(reversed(leak.waiting_at))
    if not places:
        return None
    # From 3.12 on a comprehension is no longer a function.
    functions = (place.function for place in reversed(places) if place.function not in _COMPREHENSIONS)
    innermost = places[-1]
    return Place(innermost.file, innermost.line, next(functions, innermost.function))


_COMPREHENSIONS = ("<listcomp>", "<setcomp>", "<dictcomp>")


def name_pattern(name: str) -> str:
    """The `fnmatch` pattern of a name: parts that differ from run to run are `*`, all else is literal."""
    pattern = re.sub(r"[\[*?]", r"[\g<0>]", name)
    return re.sub(r"\*(?:[.:-]?\*)+", "*", _CHANGES.sub("*", pattern))


_CHANGES = re.compile(
    r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"  # a UUID
    r"|(?<=\btmp)[a-z0-9_]{8}\b"  # a name from tempfile
    r"|(?<![0-9A-Za-z])(?=[0-9a-fA-F]*\d)(?:0x)?[0-9a-fA-F]{6,}(?![0-9A-Za-z])"  # addresses and tokens
    r"|\d+"
)


def shown_path(file: str, folder: str) -> str:
    """A path that is the same on every machine: relative to `folder`, site-packages or the library."""
    _, is_installed, rest = file.rpartition(f"-packages{os.sep}")
    if is_installed:
        return rest.replace(os.sep, "/")
    for prefix in (folder.rstrip(os.sep) + os.sep, _STANDARD_LIBRARY):
        file = file.removeprefix(prefix)
    return file.replace(os.sep, "/")


_STANDARD_LIBRARY = sysconfig.get_path("stdlib") + os.sep
