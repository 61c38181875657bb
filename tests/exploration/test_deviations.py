"""Schedules as values and as text."""

import unittest

from asynctestkit.exploration.deviations import Cancel, Fault, Hold, schedule_from, text_of


class ScheduleTests(unittest.TestCase):
    def test_text_and_values_are_the_same(self):
        """The text of a schedule can be read again, whatever a task is called."""
        schedule = (
            Hold("saver", 2),
            Hold("bg:worker-1", 10, until=("a b,c@d>e", 3)),
            Cancel("Store.save#2", 1),
            Cancel('"$x`\\', 7, asleep=True),
            Fault("session.get#2", 3),
            Fault("a=b@c d", 1, "TimeoutError"),
        )
        text = text_of(schedule)
        self.assertTrue(
            text.startswith("hold:saver@2,hold:bg:worker-1@10>a%20b%2Cc%40d%3Ee@3,cancel:Store.save#2@1,")
        )
        self.assertNotRegex(text, r'["$`\\ ]')
        self.assertEqual(schedule_from(text), schedule)

    def test_nothing_is_the_unchanged_schedule(self):
        """An empty text has no deviations, and spaces around them do not count."""
        self.assertEqual(schedule_from(""), ())
        self.assertEqual(schedule_from(" hold:a@1 , hold:b@2 "), (Hold("a", 1), Hold("b", 2)))

    def test_what_is_no_schedule_is_refused(self):
        """Malformed text is rejected, with the wrong part and the valid forms."""
        for wrong in (
            "saver@2",
            "hold:saver",
            "hold:saver@0",
            "hold:saver@2+",
            "cancel:a@1>b@2",
            "slow:a@1",
            "fault:a@0",
            "fault:a@1=",
            "fault:a@1>b@2",
        ):
            with self.subTest(wrong), self.assertRaises(ValueError) as caught:
                schedule_from(f"hold:x@1,{wrong}")
            self.assertIn(repr(wrong), str(caught.exception))
            self.assertIn("hold:TASK@STEP", str(caught.exception))
            self.assertIn("fault:CALL@USE=ERROR", str(caught.exception))
        with self.assertRaisesRegex(TypeError, "a schedule is a str"):
            schedule_from(7)
