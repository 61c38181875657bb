"""Assertions about time, queues, tasks, groups, logs and mocks: mixins that also work separately."""
