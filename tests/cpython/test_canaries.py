"""The failure of a canary says which private name has moved."""

import unittest

from asynctestkit.cpython import task_internals
from tests.cpython.canaries import Canary


class CanaryTests(unittest.TestCase):
    def test_the_failure_says_what_moved(self):
        """The failure has the error, and the docstring that names the private name and its file."""
        self.assertIn("awaited_future", vars(task_internals))

        class Dying(Canary):
            def test_awaited_future(self):
                raise AttributeError("no _fut_waiter")

        ((_, text),) = Dying("test_awaited_future").run().failures
        self.assertIn("leans on: AttributeError('no _fut_waiter')", text)
        self.assertIn("`_fut_waiter`, Lib/asyncio/tasks.py", text)
