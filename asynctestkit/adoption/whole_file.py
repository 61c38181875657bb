"""Files that are written whole or not at all."""

from __future__ import annotations

import tempfile

from ..cpython.originals import os

__all__ = ["write_whole"]


def write_whole(path: str, text: str) -> None:
    """Replaces a file in one step: no reader sees a part of it, and Ctrl-C leaves no partial file.

    What UTF-8 cannot encode, such as parts of the name of a file, is written as an escape sequence.
    OSError if that fails; the existing file is then untouched.
    """
    path = os.path.realpath(path)  # a symbolic link is kept: the file that it points to is replaced
    mode = _mode_of(path)
    descriptor, draft = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=os.path.dirname(path))
    try:
        with open(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(text)
        os.chmod(draft, mode)
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise


def _mode_of(path: str) -> int:
    """The permissions of the existing file, or those that a new one gets."""
    try:
        return os.stat(path).st_mode & 0o777
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
