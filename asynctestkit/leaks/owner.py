"""The owner of an object that may outlive a test."""

from __future__ import annotations

import enum

__all__ = ["Owner"]


class Owner(enum.Enum):
    """Who holds an object when a test has ended, directly or through others."""

    TEST = "the test has it"
    PROCESS = "a module, a class or a function has it, or somebody who cannot be seen"
    NOBODY = "nobody has it but what has ended, or what only mentions it"
