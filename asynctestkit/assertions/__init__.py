"""Assertions about time, queues, tasks, groups, logs and mocks: mixins, each of which works alone."""
