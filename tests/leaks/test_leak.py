"""The leak as a value."""

import copy
import dataclasses
import pickle
import unittest

from asynctestkit import Leak, Place
from asynctestkit.leaks.leak import in_phase

LEAK = Leak(kind="task", name="worker", created_at=(Place("/app.py", 3, "start"),))


class LeakTests(unittest.TestCase):
    def test_it_cannot_be_changed(self):
        """A leak is frozen: a filter makes another one."""
        with self.assertRaises(dataclasses.FrozenInstanceError):
            LEAK.name = "another"
        self.assertEqual(dataclasses.replace(LEAK, name="another").kind, "task")

    def test_it_is_a_value(self):
        """Equal leaks have one hash; a difference in any field makes them unequal."""
        same = Leak(kind="task", name="worker", created_at=(Place("/app.py", 3, "start"),))
        self.assertEqual((same, hash(same)), (LEAK, hash(LEAK)))
        for field in dataclasses.fields(Leak):
            with self.subTest(field.name):
                self.assertNotEqual(dataclasses.replace(LEAK, **{field.name: "different"}), LEAK)

    def test_only_the_kind_is_required(self):
        """Only the kind is required; all other fields are empty by default."""
        leak = Leak("connection")
        empty = {field.name: getattr(leak, field.name) for field in dataclasses.fields(leak)[1:]}
        self.assertEqual(set(empty.values()), {"", ()})

    def test_it_survives_a_process_boundary(self):
        """A leak can be pickled and copied, as parallel test runners do."""
        self.assertEqual(pickle.loads(pickle.dumps(LEAK)), LEAK)
        self.assertEqual(copy.deepcopy(LEAK), LEAK)

    def test_it_gets_its_phase(self):
        """A leak with its phase set is another value of the same class, and the first is unchanged."""

        class Own(Leak):
            pass

        for leak in (LEAK, Own("connection", "first")):
            self.assertEqual(in_phase(leak, "test"), dataclasses.replace(leak, phase="test"))
            self.assertIs(type(in_phase(leak, "test")), type(leak))
            self.assertEqual(leak.phase, "")
