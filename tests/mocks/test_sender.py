"""What a session does with a request, in both APIs."""

import unittest

from asynctestkit.mocks import after, never, response, session
from asynctestkit.mocks.sender import check_answer
from tests.mocks.eager_library import AsyncClient


class CheckAnswerTests(unittest.TestCase):
    def test_what_can_answer(self):
        """A valid answer is returned as it is, also after a delay."""
        for answer in (response(), OSError, OSError("x"), lambda request: response(), never()):
            self.assertIs(check_answer(answer), answer)
            late = after(1, after(2, answer))
            self.assertIs(check_answer(late), late)

    def test_what_cannot(self):
        """An invalid answer is named, with what was expected."""
        for answer in (200, "text", None, after(1, {})):
            with self.assertRaisesRegex(TypeError, "cannot answer a request: expected response"):
                check_answer(answer)


class SenderTests(unittest.IsolatedAsyncioTestCase):
    async def test_both_shapes(self):
        """A sent request is recorded with its answer, and after closing none can be sent."""
        for spec in (None, AsyncClient):
            with self.subTest(spec):
                web = session({"GET u": response(text="hi")}, spec=spec)
                async with web:
                    shown = await web.get("u")
                self.assertEqual([request.response for request in web.requests], [shown])
                with self.assertRaisesRegex(
                    RuntimeError, r"session\.get\('u'\) .*after the session was closed"
                ):
                    await web.get("u")
                self.assertEqual(len(web.requests), 1)
