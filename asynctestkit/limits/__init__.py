"""Deadlines, blocked loops, deadlocks and runaways: how they are seen, and what is said of them."""
