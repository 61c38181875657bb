"""Deadlines, blocked loops, deadlocks and runaways: their detection and their reports."""
