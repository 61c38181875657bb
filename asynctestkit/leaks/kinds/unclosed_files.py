"""Objects that announce that they were not closed, and are not related to event loops: files, above all."""

from __future__ import annotations

from ..census.announcement import Announcement
from ..census.loop_relations import is_related_to_asyncio
from ..detector import LeakDetector
from ..leak import Leak
from .unclosed import UnclosedLeaks, leak_of

__all__ = ["UnclosedFileLeaks"]


class UnclosedFileLeaks(LeakDetector):
    """Files and other objects that were not closed, of which Python warns when they are destroyed."""

    kind = UnclosedLeaks.kind
    types = (Announcement,)

    def examine(self, obj: Announcement) -> Leak | None:
        thing = obj.thing
        return None if thing is None or _is_a_pipe(thing) or is_related_to_asyncio(thing) else leak_of(obj)


def _is_a_pipe(thing: object) -> bool:
    """Exempt: a file that was opened for a descriptor, and has no name of its own.

    It belongs to the code that has opened the descriptor, as pipes do to a Popen, which is a leak itself.
    """
    return isinstance(getattr(thing, "name", None), int)
