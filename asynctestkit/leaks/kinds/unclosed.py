"""Objects that announce that they were not closed: client sessions, database connections, streams."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable

from ...cpython import debug_internals
from ...cpython.originals import asyncio
from ...stacks.places import Place, creation_site, creators, resolve
from ..census.announcement import Announcement
from ..census.finalizers import Announcing, says_it_is_open
from ..census.loop_relations import is_related_to_asyncio, parts_of, parts_of_asyncio
from ..detector import LeakDetector
from ..leak import Leak

__all__ = ["UnclosedLeaks", "announcing_parts", "leak_of"]


class UnclosedLeaks(LeakDetector):
    """Unclosed objects of an event loop, which announce that by a ResourceWarning, or to their loop.

    Most announce it when they are destroyed. For one that is still held it is certain if the finalizer checks
    one attribute such as `closed`. They belong to the loop, and are not released. Transports are kinds of
    their own.
    """

    kind = "unclosed"
    types = (Announcement, Announcing)

    def __init__(self) -> None:
        self._parts: set[int] = set()

    def prepare(self, objects: list[object]) -> None:
        """Exempt: an object that is part of another is closed with it, such as the connector of a session.

        Of two that refer to each other, the newer is part of the older.
        """
        for obj in objects:
            if id(obj) not in self._parts:
                self._parts.update(id(part) for part in parts_of(obj) if part is not obj)

    def examine(self, obj: object) -> Leak | None:
        if isinstance(obj, Announcement):
            is_leak = obj.thing is None or is_related_to_asyncio(obj.thing)
            return leak_of(obj) if is_leak and not _is_a_transport(obj.thing) else None
        if id(obj) in self._parts or not says_it_is_open(obj):
            return None
        if _is_a_transport(obj) or not is_related_to_asyncio(obj):
            return None
        return leak_of(Announcement("", obj))

    def depends_on_owner(self, obj: object) -> bool:
        """False for an announcement; an object that a module holds may still be closed by it."""
        return not isinstance(obj, Announcement)


def leak_of(announcement: Announcement) -> Leak:
    """The leak for an object that has announced itself."""
    thing, message = announcement.thing, announcement.message
    name = _name_in(message) if thing is None else type(thing).__qualname__
    created_at = _made_at(announcement)
    remedy = "close it"
    if thing is not None:
        remedy += f": {_way_to_close(thing)}"
        if not created_at:
            remedy += f" ({_way_to_locate(thing)})"
    return Leak(
        kind=UnclosedLeaks.kind,
        name=name,
        description=f"not closed; it says {_shortened(message)!r}" if message else "not closed",
        created_at=created_at,
        remedy=remedy,
    )


def announcing_parts(thing: object) -> dict[int, type]:
    """The classes, by id, of the parts of an object that announce themselves: they are reported with it."""
    parts = [part for part in parts_of(thing) if part is not thing and isinstance(part, Announcing)]
    return {id(part): type(part) for part in parts}


def _is_a_transport(thing: object) -> bool:
    return isinstance(thing, asyncio.BaseTransport)


def _name_in(message: str) -> str:
    """The class named in a message such as "unclosed resource <TCPServer closed=False 0x7f…>"."""
    found = re.search(r"<([\w.]+)", message)
    return found[1] if found else message


def _shortened(message: str) -> str:
    """The message without addresses, which differ from run to run."""
    return re.sub(r" (at )?0x[0-9a-f]+", "", message)


def _made_at(announcement: Announcement) -> tuple[Place, ...]:
    """Where it was created, if it has recorded that, or tracemalloc has, or one of its asyncio parts."""
    import tracemalloc  # few need it

    thing = announcement.thing
    frames: Iterable[object] | None = announcement.made_at or debug_internals.kept_source_traceback(thing)
    if frames is None and tracemalloc.is_tracing():
        frames = tracemalloc.get_object_traceback(thing)
    if frames is not None:
        lines = [(f.filename, f.lineno, getattr(f, "name", "?")) for f in frames]  # type: ignore[attr-defined]  # two kinds of frames
        return creators(reversed(lines))
    sites = map(creation_site, parts_of_asyncio(thing))
    return next((resolve(site) for site in sites if site is not None), ())


def _way_to_locate(thing: object) -> str:
    """The setting of another run, with any runner, that shows where it was created.

    tracemalloc of 3.11 looks for instances of classes written in Python at a wrong address.
    """
    if debug_internals.has_source_traceback(thing):
        return "PYTHONASYNCIODEBUG=1 shows where it was created"
    return "PYTHONTRACEMALLOC=10 shows where it was created, but not on 3.11"


def _way_to_close(thing: object) -> str:
    cls = type(thing)
    name = next((each for each in ("aclose", "close", "disconnect") if hasattr(cls, each)), "close")
    call = f"{'await ' if inspect.iscoroutinefunction(getattr(cls, name, None)) else ''}….{name}()"
    if hasattr(cls, "__aenter__"):
        return f"{call}, or async with {cls.__name__}(…) as …:"
    return f"{call}, or with {cls.__name__}(…) as …:" if hasattr(cls, "__enter__") else call
