"""The variables of running code are found, and attributed."""

import threading
import unittest

from asynctestkit.leaks.census.holder_classifier import Link
from asynctestkit.leaks.census.running_code import RunningCode


class Thing:
    pass


class RunningCodeTests(unittest.TestCase):
    def test_variables(self):
        """A link is found for each variable that holds the object."""
        one = two = Thing()

        def inner(argument):
            return RunningCode().links(argument)

        self.assertEqual(inner(one), [Link.TEST] * 3)
        self.assertIs(one, two)
        self.assertEqual(RunningCode().links(Thing()), [])

    def test_variables_of_a_module(self):
        """Those of a module that is running are in its namespace, which is a holder of its own."""
        names = {"thing": Thing(), "RunningCode": RunningCode, "__name__": "made"}
        exec(compile("found = RunningCode()", "made.py", "exec"), names)
        self.assertEqual(names["found"].links(names["thing"]), [])
        self.assertNotIn(id(names), map(id, names["found"].snapshots))

    def test_variables_of_a_class_statement(self):
        """What the body of a class statement has assigned is the test's, and counts once."""

        class Body:
            thing = Thing()
            found = RunningCode()

        self.assertEqual(Body.found.links(Body.thing), [Link.TEST])
        self.assertIn("thing", {name for names in Body.found.snapshots for name in names})

    def test_cells(self):
        """A variable shared with an inner function is in a cell, which the frame holds."""
        shared = Thing()

        def inner():
            return shared

        (cell,) = inner.__closure__
        found = RunningCode()
        self.assertEqual(found.links(cell), [Link.TEST])
        self.assertEqual(found.links(shared), [])

    def test_an_empty_cell(self):
        """A variable without a value yet is an empty cell."""

        def inner():
            return later

        (cell,) = inner.__closure__
        self.assertEqual(RunningCode().links(cell), [])
        later = 1
        self.assertEqual(inner(), later)

    def test_variables_of_another_thread(self):
        """Variables of a thread that the test does not know belong to the process."""
        begun, over = threading.Event(), threading.Event()
        things = [Thing()]

        def work():
            thing = things.pop()
            begun.set()
            over.wait(30)
            things.append(thing)

        thread = threading.Thread(target=work)
        known = things[0]
        thread.start()
        begun.wait()
        try:
            self.assertEqual(sorted(RunningCode().links(known), key=str), [Link.PROCESS, Link.TEST])
        finally:
            over.set()
            thread.join()
