"""What is known of asynchronous generators that were dropped unfinished, or reported."""

from __future__ import annotations

from types import AsyncGeneratorType, CodeType
from typing import Any

from ...stacks.places import CreationSite

__all__ = ["GeneratorNotes", "generator_notes"]

_Generator = AsyncGeneratorType[Any, Any]


class GeneratorNotes:
    """Notes on generators, by id, until they are cleared.

    Without weak references: those made while a generator is finalized are not cleared when it is freed
    (`gen_dealloc`, Objects/genobject.c), and crash the interpreter later. A thread that drops a generator may
    be the last to hold it, as its loop may close it meanwhile.
    """

    def __init__(self) -> None:
        self.left_at: dict[int, tuple[CodeType, CreationSite]] = {}
        self.reported: dict[int, CodeType] = {}

    def note_left(self, generator: _Generator, site: CreationSite) -> None:
        """Records the lines that dropped a generator, which a loop then has to close."""
        self.left_at[id(generator)] = generator.ag_code, site
        self.reported.pop(id(generator), None)  # that of one which had the same address

    def note_reported(self, generator: _Generator) -> None:
        """Records that a generator was reported as left open: it is not reported again for its clean-up."""
        self.reported[id(generator)] = generator.ag_code

    def site_of(self, generator: _Generator) -> CreationSite | None:
        """The lines that dropped a generator, if they are known."""
        code, site = self.left_at.get(id(generator), (None, None))
        return site if code is generator.ag_code else None

    def is_reported(self, generator: _Generator) -> bool:
        """Whether a generator was reported."""
        return self.reported.get(id(generator)) is generator.ag_code

    def clear(self) -> None:
        """Forgets all of them: their addresses may be reused."""
        self.left_at.clear()
        self.reported.clear()


generator_notes = GeneratorNotes()
"""The notes of this process."""
