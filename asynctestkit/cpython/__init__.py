"""Everything that depends on private names or on the version of CPython, or lasts as long as the process."""
