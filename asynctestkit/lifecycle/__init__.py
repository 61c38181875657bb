"""A test from its mark to its verdict."""
