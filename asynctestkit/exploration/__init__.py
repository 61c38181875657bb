"""Exploration: every await cancelled, every task slow for once, and the failing schedule replayed."""
