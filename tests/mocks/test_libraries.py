"""The library whose exceptions a session raises."""

import unittest

from asynctestkit.mocks import ResponseError
from asynctestkit.mocks.bodies import Answer, Headers
from asynctestkit.mocks.libraries import Library, request_info
from asynctestkit.mocks.routes import Request
from tests.mocks import eager_library, lazy_library

ANSWER = Answer(404, "Not Found", Headers({"X": "1"}), ())
REQUEST = Request("GET", "u", {"headers": {"A": "1"}, "params": {"p": 1}})


class LibraryTests(unittest.TestCase):
    def test_without_a_library_the_error_is_ours(self):
        """Without a library the error is `ResponseError`, with status, message, headers and URL."""
        error = Library(None).status_error(ANSWER, REQUEST, None)
        self.assertIsInstance(error, ResponseError)
        self.assertEqual((error.status, error.message, error.headers), (404, "Not Found", {"x": "1"}))
        self.assertEqual(str(error), "404, message='Not Found', url='u'")
        self.assertIsNone(Library(None).content_type_error(ANSWER, REQUEST))

    def test_errors_of_aiohttps_shape(self):
        """The class is that of the client's library, created as the library creates it."""
        library = Library(lazy_library.ClientSession)
        error = library.status_error(ANSWER, REQUEST, None)
        self.assertIs(type(error), lazy_library.ClientResponseError)
        self.assertEqual((error.status, error.message, error.request_info.method), (404, "Not Found", "GET"))
        error = library.content_type_error(ANSWER, REQUEST)
        self.assertIs(type(error), lazy_library.ContentTypeError)
        self.assertIs(library.error("ClientConnectionError", OSError), lazy_library.ClientConnectionError)
        self.assertIs(library.error("NoSuchError", OSError), OSError)

    def test_errors_of_httpxs_shape(self):
        """Request and response are those of the call."""
        response = object()
        error = Library(eager_library.AsyncClient).status_error(ANSWER, REQUEST, response, "bad")
        self.assertIs(type(error), eager_library.HTTPStatusError)
        self.assertEqual((str(error), error.request, error.response), ("bad", REQUEST, response))

    def test_a_subclass_belongs_to_its_library(self):
        """A client class of the user's raises the errors of the library that it derives from."""

        class Client(lazy_library.ClientSession):
            pass

        Client.__module__ = "no.such.module"
        error = Library(Client).find("ClientConnectionError")
        self.assertIs(error, lazy_library.ClientConnectionError)

    def test_the_request_as_errors_show_it(self):
        """Errors show the request's URL, method and headers."""
        info = request_info(REQUEST)
        self.assertEqual((info.real_url, info.method, info.headers["a"]), (info.url, "GET", "1"))
