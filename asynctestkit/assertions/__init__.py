"""Assertions about time, queues, tasks, groups and logs: mixins that each work alone on any test case."""
