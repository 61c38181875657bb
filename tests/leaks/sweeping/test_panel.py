"""Several detectors are asked as one, and one that fails does not stop the others."""

import asyncio
import unittest

from asynctestkit import STRICT_DETECTORS, Leak, LeakDetector
from asynctestkit.leaks.sweeping.panel import Detectors, Panel


class Door:
    def __init__(self, is_open=True, is_closing=False):
        self.is_open = is_open
        self.is_closing = is_closing


class FrontDoor(Door):
    pass


class DoorLeaks(LeakDetector):
    kind = "door"
    types = (Door,)

    def __init__(self):
        self.prepared = []
        instances.append(self)

    def prepare(self, objects):
        self.prepared.append(objects)

    def examine(self, obj):
        return Leak(self.kind, "door") if obj.is_open else None


class FrontDoorLeaks(DoorLeaks):
    kind = "front door"
    types = (FrontDoor,)

    def is_ending(self, obj):
        return obj.is_closing


class Listed(LeakDetector):
    kind = "listed"
    types = (str,)

    def registered(self, loop):
        return ["of", loop]


class Broken(LeakDetector):
    kind = "broken"
    types = (Door,)

    def prepare(self, objects):
        raise LookupError("prepare")

    def examine(self, obj):
        raise LookupError("examine")

    def is_ending(self, obj):
        raise LookupError("is_ending")


class Numbered(LeakDetector):
    kind = "numbered"
    types = (int,)

    def __new__(cls):
        return super().__new__(cls)


class Plain(LeakDetector):
    kind = "plain"
    types = (int,)


instances = []


def panel_of(kinds):
    return Panel(Detectors(kinds), [])


class PanelTests(unittest.TestCase):
    def setUp(self):
        instances.clear()

    def test_what_its_detectors_want_to_see(self):
        """The panel has the types of detectors that examine the heap, and the registries of the others."""
        detectors = Detectors(iter([DoorLeaks, Listed, FrontDoorLeaks]))
        self.assertEqual(detectors.types, (Door, FrontDoor))
        self.assertEqual([list(registry("loop")) for registry in detectors.registries], [["of", "loop"]])

    def test_when_they_are_made(self):
        """A detector with a registry, or with code that runs then, is created at once; others when needed."""
        detectors = Detectors([Plain, Listed, DoorLeaks, Numbered])
        self.assertEqual([*map(type, detectors._made.values())], [Listed, DoorLeaks, Numbered])
        made = detectors.all
        self.assertEqual([*map(type, made)], [Plain, Listed, DoorLeaks, Numbered])
        self.assertIs(detectors.all, made)
        self.assertEqual(made[1:], [*detectors._made.values()])

    def test_whether_they_have_to_be_asked(self):
        """Users' are, about what has ended and if they look into a registry; this package's are not."""

        class Tasks(LeakDetector):
            kind = "a task"
            types = (asyncio.Task,)

        self.assertFalse(Detectors([*STRICT_DETECTORS, DoorLeaks]).have_to_be_asked())
        self.assertTrue(Detectors([*STRICT_DETECTORS, Listed]).have_to_be_asked())
        self.assertTrue(Detectors([*STRICT_DETECTORS, Tasks]).have_to_be_asked())

    def test_the_first_that_takes_it_for_a_leak_decides(self):
        """Detectors are asked in order, about instances of their types and of subclasses."""
        for order, kind in (
            ((DoorLeaks, FrontDoorLeaks), "door"),
            ((FrontDoorLeaks, DoorLeaks), "front door"),
        ):
            detector, leak = panel_of(order).judge(FrontDoor())
            self.assertEqual((detector.kind, leak.kind), (kind, kind))
        panel = panel_of([FrontDoorLeaks])
        for innocent in (Door(), FrontDoor(is_open=False), "another"):
            self.assertEqual(panel.judge(innocent), (None, None))

    def test_each_is_prepared_for_its_own(self):
        """A detector is prepared with the objects of its types; without any, it is not called."""
        doors = [Door(), FrontDoor()]
        panel_of([DoorLeaks, FrontDoorLeaks]).prepare(doors)
        self.assertEqual([each.prepared for each in instances], [[doors], [doors[1:]]])
        panel_of([DoorLeaks, FrontDoorLeaks]).prepare(doors[:1])
        self.assertEqual([each.prepared for each in instances[2:]], [[doors[:1]], []])

    def test_what_may_end(self):
        """An object may end if one detector that is interested in it says so."""
        panel = panel_of([DoorLeaks, FrontDoorLeaks])
        self.assertTrue(panel.is_ending(FrontDoor(is_closing=True)))
        self.assertFalse(panel.is_ending(FrontDoor()))
        self.assertFalse(panel.is_ending(Door(is_closing=True)))

    def test_one_that_fails(self):
        """The error of a detector that fails is kept, and the others are asked."""
        panel = panel_of([Broken, FrontDoorLeaks])
        door = FrontDoor(is_closing=True)
        panel.prepare([door])
        self.assertEqual(panel.judge(door)[1].kind, "front door")
        self.assertTrue(panel.is_ending(door))
        self.assertEqual([error.args[0] for error in panel.errors], ["prepare", "examine", "is_ending"])
