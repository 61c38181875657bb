"""Assertions about time, queues, tasks, groups, logs and mocks: mixins that each work alone on any test case."""
