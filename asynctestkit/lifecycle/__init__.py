"""The life of a test from its mark to its verdict: guard, phases, sweep."""
