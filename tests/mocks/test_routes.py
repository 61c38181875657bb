"""Which route answers a request."""

import unittest

from asynctestkit import ScriptError
from asynctestkit.mocks.routes import Request, Routes
from asynctestkit.stacks.places import Place


def asked(routes, method, url, **kwargs):
    return routes.answer(Request(method, url, kwargs))


class RequestTests(unittest.TestCase):
    def test_it_is_kept_as_it_was_made(self):
        """A route has its method in capitals, its URL as text, everything else as given."""
        request = Request("get", "http://h/a", {"json": 1, "headers": {"X-A": "1"}})
        self.assertEqual((request.method, request.url, request.kwargs["json"]), ("GET", "http://h/a", 1))
        self.assertEqual(request.headers["x-a"], "1")
        self.assertEqual(Request("get", "u", {"headers": None}).headers, {})

    def test_params_are_the_query(self):
        """Parameters, in whatever form, become the query."""
        for params, expected in (
            (None, "u"),
            ({"a": 1, "b": "x y"}, "u?a=1&b=x+y"),
            ([("a", 1), ("a", 2)], "u?a=1&a=2"),
            ({"a": [1, 2]}, "u?a=1&a=2"),
            ("raw=1", "u?raw=1"),
        ):
            self.assertEqual(Request("GET", "u", {"params": params}).full_url, expected)
        self.assertEqual(repr(Request("GET", "u?a=1", {"params": {"b": 2}})), "GET u?a=1&b=2")


class RoutesTests(unittest.TestCase):
    def test_patterns_and_exact_routes(self):
        """A route without wildcards takes precedence, then the first that matches in method and URL."""
        routes = Routes({"GET http://h/*": "any", "GET http://h/users/*": "users", "GET http://h/me": "me"})
        self.assertEqual(asked(routes, "get", "http://h/users/7"), "any")
        self.assertEqual(asked(routes, "GET", "http://h/me"), "me")
        self.assertEqual(asked(routes, "GET", "http://h/me", params={"a": 1}), "me")
        with self.assertRaises(ScriptError):
            asked(routes, "POST", "http://h/me")

    def test_a_query_may_be_part_of_a_route(self):
        """A route with the query takes precedence over one without."""
        routes = Routes({"GET u": "bare", "GET u?page=2": "second", "* v": "every method"})
        self.assertEqual(asked(routes, "GET", "u", params={"page": 2}), "second")
        self.assertEqual(asked(routes, "GET", "u", params={"page": 3}), "bare")
        self.assertEqual(asked(routes, "PURGE", "v"), "every method")

    def test_a_list_is_used_in_order_and_up(self):
        """A list answers one request with each item, then fails; a single answer stays."""
        routes = Routes({"GET u": ["a", "b"], "GET v": "c"})
        self.assertEqual([asked(routes, "GET", url) for url in ("u", "v", "u", "v")], ["a", "c", "b", "c"])
        self.assertEqual(routes.unfinished(), [])
        with self.assertRaisesRegex(
            ScriptError, r"^GET u is one call more than scripted: 2 scripted answers"
        ):
            asked(routes, "GET", "u")
        self.assertEqual(len(routes.unfinished()), 1)

    def test_lists_that_are_left_are_reported(self):
        """Unused items of a list are reported with their route; a single answer may stay unused."""
        routes = Routes({"GET u": ("a", "b"), "GET v": "c"})
        asked(routes, "GET", "u")
        self.assertEqual(routes.unfinished(), ["GET u: 1 of 2 scripted answers never used: 'b'"])

    def test_an_unknown_route_shows_those_there_are(self):
        """The failure names the request, and lists the routes with their use; it is remembered."""
        routes = Routes({"GET u": "a", "GET w": ["b"]})
        asked(routes, "GET", "u")
        with self.assertRaises(ScriptError) as caught:
            routes.answer(Request("PUT", "x", {}, Place("f.py", 3, "g")))
        self.assertEqual(
            str(caught.exception),
            "no route for PUT x (at f.py:3 in g)\n  routes:\n"
            "    GET u (used 1 time)\n    GET w (0 of 1 answers used)\n"
            "remedy: add the route, or correct what the code under test requests",
        )
        self.assertIn("swallowed an error: no route for PUT x (at f.py:3 in g)", routes.unfinished()[0])
        with self.assertRaisesRegex(ScriptError, "there are no routes at all"):
            asked(Routes(None), "GET", "u")

    def test_a_malformed_route_is_refused(self):
        """A route needs a method in capitals, and a URL."""
        for bad in ("http://h/", "GET", "GET ", "get http://h/", "GET  http://h/", "GET http://h/ ", 7):
            with self.assertRaisesRegex(ValueError, "expected method and URL"):
                Routes({bad: 1})

    def test_what_is_no_mapping_is_refused(self):
        """Routes map requests to answers."""
        with self.assertRaisesRegex(TypeError, r"^routes is \['GET u'\], expected a dict such as \{'GET "):
            Routes(["GET u"])
