"""The address of a socket, as text for a report."""

from __future__ import annotations

__all__ = ["address"]


def address(name: object) -> str:
    """A socket's own name or its peer's, as its `getsockname()` gives it: "127.0.0.1:80", "[::1]:80", a path.

    "" for an end without a name: that of an unbound Unix socket, that of a pair, and None.
    """
    if isinstance(name, tuple) and len(name) >= 2 and isinstance(name[0], str):
        host = f"[{name[0]}]" if ":" in name[0] else name[0]
        return f"{host}:{name[1]}"
    if isinstance(name, bytes):  # an abstract Unix address of Linux
        return "@" + name.removeprefix(b"\0").decode(errors="backslashreplace")
    return name if isinstance(name, str) else ""
