"""What the package knows of CPython that CPython does not promise."""
