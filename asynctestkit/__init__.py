"""Hygiene for asyncio tests: a unittest base class that sweeps what a test leaves behind, and never hangs."""
