"""One canary for each private name of `unittest.mock`, to say what a new Python has moved."""

import asyncio
import sys
import unittest
from unittest import mock

from asynctestkit.cpython import mock_internals


async def fetch(number):
    return number


class CanaryTests(unittest.TestCase):
    def test_is_mock_call(self):
        """The code of a mock's call is recognized, also of a mock made asynchronous by its spec."""
        for double in (mock.AsyncMock(), mock.MagicMock(spec=fetch)):
            coroutine = double(1)
            self.assertTrue(mock_internals.is_mock_call(coroutine.cr_code))
            coroutine.close()
        self.assertFalse(mock_internals.is_mock_call(fetch.__code__))

    def test_mock_call_in(self):
        """The frame in which a mock is awaited has the mock and its arguments; other frames have none."""
        found = []

        def look(*args, **kwargs):
            found.append(mock_internals.mock_call_in(sys._getframe(1)))

        double = mock.AsyncMock(side_effect=look)
        asyncio.run(double(1, key=2))
        self.assertEqual(found, [(double, (1,), {"key": 2})])
        self.assertIsNone(mock_internals.mock_call_in(sys._getframe()))

    def test_forget_call(self):
        """The latest call with those arguments is removed from all records, the parents' included."""
        api, number = mock.AsyncMock(name="api"), 1000
        double = api.users.get
        for argument in (1, number, 3):
            asyncio.run(double(argument, key=number))
        for argument in (1000.0, number, 7):  # equal is not the same
            mock_internals.forget_call(double, (argument,), {"key": number})
        left = [mock.call(1, key=number), mock.call(3, key=number)]
        self.assertEqual((double.call_args_list, double.await_args_list), (left, left))
        self.assertEqual((double.call_count, double.await_count, double.called), (2, 2, True))
        self.assertEqual((double.call_args, double.await_args), (left[1], left[1]))
        self.assertEqual(double.mock_calls, left)
        for records, name in ((api.users.mock_calls, "get"), (api.mock_calls, "users.get")):
            self.assertEqual([each[:2] for each in records], [(name, (1,)), (name, (3,))])
        self.assertEqual(len(api.method_calls), 2)

    def test_forget_call_of_a_plain_mock(self):
        """The call of a plain mock, and of one that keeps its records on a function, is removed as well."""
        plain = mock.Mock()
        plain(7)
        mock_internals.forget_call(plain, (7,), {})
        self.assertEqual((plain.called, plain.call_args, plain.mock_calls), (False, None, []))
        autospecced = mock.create_autospec(fetch)
        asyncio.run(autospecced(7))
        mock_internals.forget_call(autospecced.mock, (7,), {})
        self.assertEqual((autospecced.call_count, autospecced.await_count), (0, 0))
        self.assertEqual((autospecced.call_args, autospecced.await_args), (None, None))

    def test_mock_name(self):
        """A mock is named as in its repr: with its parents, or "mock" if it has no name."""
        double = mock.AsyncMock(name="api")
        self.assertEqual(mock_internals.mock_name(double.users.get), "api.users.get")
        self.assertEqual(mock_internals.mock_name(mock.Mock()), "mock")

    def test_mocks_below(self):
        """Children and return value are listed, and none is created."""
        double = mock.MagicMock()
        self.assertEqual(mock_internals.mocks_below(double), [])
        expected = [double.child, double.return_value]
        self.assertEqual(mock_internals.mocks_below(double), expected)
        del double.child
        self.assertEqual(mock_internals.mocks_below(double), expected[1:])

    def test_is_overridden(self):
        """A wrapping mock is overridden once it has a side effect or a return value."""
        self.assertFalse(mock_internals.is_overridden(mock.AsyncMock(wraps=fetch)))
        self.assertTrue(mock_internals.is_overridden(mock.AsyncMock(wraps=fetch, return_value=None)))
        self.assertTrue(mock_internals.is_overridden(mock.AsyncMock(wraps=fetch, side_effect=[1])))

    def test_delegate_mock(self):
        """A mock keeps its records on the function that it delegates to, and is scripted there."""
        autospecced = mock.create_autospec(fetch)

        def stand_in(*args):
            return autospecced.mock(*args)

        vars(stand_in).update(vars(autospecced))
        mock_internals.delegate_mock(autospecced.mock, stand_in)
        stand_in.side_effect = [7]
        self.assertEqual(asyncio.run(stand_in(1)), 7)
        self.assertEqual((stand_in.await_count, stand_in.call_args), (1, mock.call(1)))

    def test_stamp_mock_calls(self):
        """Each record of a call and of an await is passed on, a reset is not; the records are unchanged."""
        heard = []
        undo = mock_internals.stamp_mock_calls(
            lambda record: heard.append(("call", record)),
            lambda double, record: heard.append(("await", record, double)),
        )
        try:
            double = mock.AsyncMock(return_value=5)
            coroutine = double(1, two=2)
            self.assertEqual(heard, [("call", mock.call(1, two=2))])
            self.assertIs(heard[0][1], double.call_args_list[0])
            self.assertEqual(asyncio.run(coroutine), 5)
            self.assertIs(heard[1][1], double.await_args_list[0])
            self.assertIs(heard[1][2], double)
            double.assert_awaited_once_with(1, two=2)
            double.reset_mock()
            self.assertEqual(len(heard), 2)
            self.assertEqual((double.call_args, double.await_args), (None, None))
        finally:
            undo()
