"""Adopting the package in an unmodified suite: `python -m asynctestkit` audits it, and a baseline keeps it
from getting worse.

The leaks of a run are collected in one `Record` of frozen values; a table, files and annotations are written
from that.
"""
