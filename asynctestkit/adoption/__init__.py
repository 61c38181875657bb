"""Adopting the package in a suite as it is: `python -m asynctestkit` audits it, a baseline keeps it from
getting worse.

What a run hears of leaks becomes one `Record` of frozen values; a table, files and annotations are written
from that.
"""
