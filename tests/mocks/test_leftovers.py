"""Leftovers on mocks and on all below them."""

import re
import unittest
from unittest import mock

from asynctestkit.cpython.mock_internals import delegate_mock
from asynctestkit.mocks import async_context, outcomes, response, session
from asynctestkit.mocks.leftovers import forgotten, mock_of, unfinished


async def fetch(number): ...


class Api:
    async def get(self, number): ...


class BelowTests(unittest.IsolatedAsyncioTestCase):
    def forget(self, call):
        """Makes calls, and does not await them."""
        coroutine = call(1)
        self.addCleanup(coroutine.close)

    def names(self, *doubles):
        return [call.name for call in forgotten(doubles)]

    async def test_children_of_children(self):
        """Children, return values and their children, special methods and set attributes count once each."""
        root = mock.MagicMock(name="root")
        self.forget(root.__aenter__)
        root.child = mock.AsyncMock()
        self.forget(root.child.deep.deeper)
        root.return_value.made = mock.AsyncMock()
        self.forget(root.return_value.made)
        named = mock.AsyncMock(name="named")
        root.attribute = named
        self.forget(named)
        root.again = named
        root.cycle = root
        expected = ["root.__aenter__", "root.child.deep.deeper", "root().made", "named"]
        self.assertCountEqual(self.names(root), expected)

    async def test_parents_and_siblings_are_not_below(self):
        """Leftovers of parents and siblings of a mock do not count."""
        root = mock.AsyncMock(name="root")
        self.forget(root)
        self.forget(root.sibling)
        self.assertEqual(self.names(root.child), [])
        root.return_value = mock.AsyncMock()
        self.assertEqual(self.names(root.return_value), [])

    async def test_autospecced_classes_and_functions(self):
        """The methods of an autospecced class, and an autospecced function, alive or not, count."""
        api = mock.create_autospec(Api)
        self.forget(api.return_value.get)
        self.assertEqual(len(self.names(api)), 1)
        function = mock.create_autospec(fetch)
        await function(0)
        self.assertEqual(self.names(function), [])
        self.forget(function)
        (call,) = forgotten([function])
        self.assertEqual(call.arguments, "(1)")

    async def test_functions_of_all_kinds_lead_to_their_mock(self):
        """Autospecced functions lead to their mock; other functions, objects and classes lead to none."""
        function = mock.create_autospec(fetch)
        self.assertIs(mock_of(function), function.mock)
        self.assertIs(mock_of(function.mock), function.mock)
        for other in (fetch, len, 3, Api, Api().get, None, delegate_mock):
            self.assertIsNone(mock_of(other))


class UnfinishedTests(unittest.IsolatedAsyncioTestCase):
    async def test_each_kind_has_its_line(self):
        """Calls, contexts, scripts, responses and routes are each named with their mock, in one pass."""
        root = mock.MagicMock(name="root")
        root.context = async_context()
        await root.context.__aenter__()
        root.call = mock.AsyncMock(side_effect=outcomes(1, 2))
        await root.call()
        forgotten_call = root.call("x")
        root.web = session({"GET u": [response(text="a"), response()]})
        await root.web.get("u")
        root.web.get("v")
        lines = unfinished([root], close=True)
        forgotten_call.close()
        for expected in (
            r"^called, never awaited: root\.call\('x'\) at ",
            r"^called, never awaited: session\.get\('v'\) at ",
            r"^context: entered and never left at ",
            r"^root\.call: 1 of 2 scripted outcomes never used: 2$",
            r"^session: GET u: 1 of 2 scripted answers never used: <response 200 OK>$",
            r"^response: response to GET u .*never read to its end, released or closed$",
        ):
            with self.subTest(expected):
                self.assertEqual(len([line for line in lines if re.search(expected, line)]), 1, lines)
        self.assertEqual(len(lines), 6)
