"""Mocks that behave like the real thing in `await`, `async with`, `async for`, and notice what was forgotten.

Everything is built on `unittest.mock`: each part is a mock, with its assertions, records and `side_effect`.
"""

from __future__ import annotations

from .builders import MockBuilders
from .contexts import async_context
from .iterators import async_iterator
from .libraries import ResponseError
from .outcomes import after, never, outcomes
from .responses import response
from .sessions import session

__all__ = [
    "MockBuilders",
    "ResponseError",
    "after",
    "async_context",
    "async_iterator",
    "never",
    "outcomes",
    "response",
    "session",
]
