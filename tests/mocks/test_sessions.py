"""Sessions with both APIs; `tests/interop` compares them with the real clients."""

import asyncio
import unittest
from collections.abc import Coroutine

from asynctestkit import ScriptError
from asynctestkit.mocks import after, never, response, session
from asynctestkit.mocks.calls import call_of
from asynctestkit.mocks.leftovers import forgotten, unfinished
from asynctestkit.stacks.await_chain import chain_of_task
from tests.mocks.lazy_library import (
    ClientConnectionError,
    ClientResponseError,
    ClientSession,
    ContentTypeError,
)


class AiohttpShapeTests(unittest.IsolatedAsyncioTestCase):
    async def test_a_request_is_entered_or_awaited(self):
        """`get` is a plain call; leaving its context releases the response, awaiting it does not."""
        web = session({"GET http://h/": response(text="hi")})
        async with web.get("http://h/") as shown:
            self.assertEqual((shown.status, await shown.text()), (200, "hi"))
        shown.release.assert_called_once_with()
        shown = await web.get("http://h/")
        self.assertFalse(shown.closed)
        self.assertIsInstance(web.get("http://h/"), Coroutine)
        first, second = await asyncio.gather(web.get("http://h/"), asyncio.create_task(web.get("http://h/")))
        self.assertEqual([await first.text(), await second.text()], ["hi", "hi"])
        (call,) = forgotten([web], close=True)
        self.assertEqual(str(call)[:31], "session.get('http://h/') at tes")

    async def test_a_response_used_again_is_fresh(self):
        """The test's own response is used first, so that its mocks record; then equal ones."""
        template = response(chunks=["a", "b"])
        web = session({"GET *": template})
        shown = [await web.get("u"), await web.get("u")]
        self.assertEqual([await each.text() for each in shown], ["ab", "ab"])
        self.assertIs(shown[0], template)
        self.assertIsNot(shown[1], template)
        self.assertEqual(template.url, "u")
        self.assertEqual([request.response for request in web.requests], shown)

    async def test_every_method(self):
        """Each method requests with its own name, `request` with any."""
        web = session({f"{method} u": response() for method in METHODS})
        for method in METHODS:
            async with getattr(web, method.lower())("u") as shown:
                self.assertEqual(shown.method, method)
            await web.request(method, "u")
        self.assertEqual([request.method for request in web.requests], [m for m in METHODS for _ in "ab"])

    async def test_requests_are_recorded_when_they_are_sent(self):
        """Method, URL and other arguments are recorded on sending; a call not awaited has sent nothing."""
        web = session({"POST http://h/": response()})
        call = web.post("http://h/", json={"a": 1}, params={"p": 1})
        self.assertEqual(web.requests, [])
        await call
        (request,) = web.requests
        self.assertEqual((request.method, request.url), ("POST", "http://h/"))
        self.assertEqual(request.kwargs, {"json": {"a": 1}, "params": {"p": 1}})
        web.post.assert_called_once_with("http://h/", json={"a": 1}, params={"p": 1})

    async def test_each_kind_of_answer(self):
        """Exceptions are raised on entry, sync and async functions are called, lists are used up."""

        async def slow(request):
            return after(0, response(text=request.url))

        web = session(
            {
                "GET error": ConnectionError("down"),
                "GET call": lambda request: response(text=str(request.kwargs)),
                "GET slow": slow,
                "GET raising": lambda request: ValueError("answer"),
                "GET list": [response(503), TimeoutError, after(0, response(text="third"))],
            }
        )
        for url, kind in (("error", ConnectionError), ("raising", ValueError)):
            with self.assertRaises(kind):
                async with web.get(url):
                    self.fail("entered")
        async with web.get("call", json=1) as shown:
            self.assertEqual(await shown.text(), "{'json': 1}")
        async with web.get("slow") as shown:
            self.assertEqual(await shown.text(), "slow")
        self.assertEqual((await web.get("list")).status, 503)
        with self.assertRaises(TimeoutError):
            await web.get("list")
        self.assertEqual(await (await web.get("list")).text(), "third")
        with self.assertRaisesRegex(ScriptError, "3 scripted answers"):
            await web.get("list")

    async def test_an_unknown_route_fails_when_it_is_sent(self):
        """It fails on sending, entered or awaited, and not at the call; it is reported again at the end."""
        web = session({"GET http://h/*": response()})
        call = web.get("http://other/")
        with self.assertRaisesRegex(
            ScriptError, r"(?s)no route for GET http://other/ \(at .*GET http://h/\*"
        ):
            await call
        with self.assertRaises(ScriptError):
            async with web.get("http://other/"):
                pass
        self.assertEqual(len(unfinished([web])), 2)

    async def test_it_is_a_context(self):
        """Leaving closes it; so does `close`; then requests fail, as the real one's do."""
        web = session({"GET u": response()})
        async with web as entered:
            self.assertIs(entered, web)
            self.assertFalse(web.closed)
            (line,) = unfinished([web])
            self.assertRegex(line, r"^session: entered and never left at .*test_sessions\.py")
        self.assertTrue(web.closed)
        with self.assertRaisesRegex(RuntimeError, "after the session was closed"):
            await web.get("u")
        web = session()
        await web.close()
        self.assertTrue(web.closed)
        web.close.assert_awaited_once_with()

    async def test_what_cannot_answer_is_refused(self):
        """A body without its response, alone, in a list, delayed, or from a function, is a TypeError."""
        for bad in ({"a": 1}, [response(), "text"], after(1, b"x"), None):
            with self.assertRaisesRegex(TypeError, "cannot answer a request: expected response"):
                session({"GET u": bad})
        with self.assertRaisesRegex(TypeError, "cannot answer"):
            await session({"GET u": lambda request: {"a": 1}}).get("u")

    async def test_responses_have_to_be_released(self):
        """A response that was awaited and neither read, released nor closed is reported with its request."""
        web = session({"GET u": response(text="abc"), "GET empty": response(204)})
        kept = await web.get("u")
        await web.get("empty")
        await (await web.get("u")).read()
        (line,) = unfinished([web])
        self.assertRegex(
            line, r"^response: response to GET u \(requested at .*\) never read to its end, released or"
        )
        kept.close.side_effect = lambda: None
        self.assertEqual(unfinished([web]), [])

    async def test_reports_name_the_request(self):
        """A hanging request is named in await chains, a forgotten one among coroutines."""

        async def load(web):
            async with web.get("u") as shown:
                return await shown.text()

        for answer, name in ((never(), "session.get"), (response(chunks=[never()]), "response.text")):
            task = asyncio.create_task(load(session({"GET u": answer})))
            for _ in range(3):
                await asyncio.sleep(0)
            chain = chain_of_task(task)
            self.assertEqual(chain.waits_on, f"never() in mock {name!r}")
            self.assertEqual([place.function for place in chain.places], ["load"])
            task.cancel()
            await asyncio.wait([task])
        web = session()
        call = web.get("u", a=1)
        self.assertEqual(call_of(call._coroutine).arguments, "('u', a=1)")
        self.assertEqual(call._coroutine.__qualname__, "session.get")
        call.close()

    async def test_it_is_driven_as_a_coroutine(self):
        """A request can be driven like a coroutine: `send` and `throw` work."""
        web = session({"GET u": never()})
        call = web.get("u")
        call.send(None)
        with self.assertRaises(KeyError):
            call.throw(KeyError())


METHODS = ("GET", "OPTIONS", "HEAD", "POST", "PUT", "PATCH", "DELETE")


class SpecTests(unittest.IsolatedAsyncioTestCase):
    async def test_names_and_signatures(self):
        """The mock passes for an instance; misspelt names and wrong arguments fail at the call."""
        web = session({"GET u": response()}, spec=ClientSession)
        self.assertIsInstance(web, ClientSession)
        for wrong in (lambda: web.gett("u"), lambda: web.put("u")):
            with self.assertRaises(AttributeError):
                wrong()
        with self.assertRaises(TypeError):
            web.get()
        await web.get("u", allow_redirects=False)
        self.assertEqual(web.requests[0].kwargs, {"allow_redirects": False})
        web.ws_connect.return_value = "socket"
        self.assertEqual(web.ws_connect("u"), "socket")

    async def test_errors_are_the_librarys(self):
        """`raise_for_status`, a wrong content type and a closed connection raise the library's errors."""
        routes = {"GET u": response(500, text="{}", headers={"Content-Type": "text/html"})}
        async with session(routes, spec=ClientSession).get("u") as shown:
            with self.assertRaises(ClientResponseError) as caught:
                shown.raise_for_status()
            with self.assertRaises(ContentTypeError):
                await shown.json()
            for declared in (None, "text/html"):
                self.assertEqual(await shown.json(content_type=declared), {})
        self.assertEqual((caught.exception.status, caught.exception.message), (500, "Internal Server Error"))
        with self.assertRaises(ClientConnectionError):
            await shown.read()
        async with session(routes).get("u") as shown:
            self.assertEqual(await shown.json(), {})
        for kind in ("application/json", "application/problem+json"):
            web = session({"GET u": response(text="1", headers={"Content-Type": kind})}, spec=ClientSession)
            self.assertEqual(await (await web.get("u")).json(), 1)

    async def test_a_client_that_is_no_context(self):
        """A class without `__aexit__` is never left open: its mock answers, and nothing is left over."""

        class Client:
            def get(self, url): ...

        web = session({"GET u": response(json=1)}, spec=Client)
        async with web.get("u") as shown:
            self.assertEqual(await shown.json(), 1)
        self.assertEqual(unfinished([web]), [])

    async def test_a_spec_is_a_class(self):
        """An instance as spec is rejected."""
        with self.assertRaisesRegex(TypeError, "expected the class of a client"):
            session(spec=ClientSession())
