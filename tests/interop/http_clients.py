"""One client function, unchanged, sees the same on a mock session and on a real server on loopback.

Run by `make interop`, with aiohttp and httpx installed; `tests/mocks` does without them.
"""

import contextlib
import unittest

import aiohttp
import aiohttp.web
import httpx

from asynctestkit import HygienicAsyncTestCase, explore
from asynctestkit.mocks import response

LINES = b"one\ntwo\nthree"
USERS = {"name": "Ada", "tags": ["a", "ü"]}


class Server:
    """Every kind of answer that the clients ask for."""

    async def start(self):
        app = aiohttp.web.Application()
        app.router.add_get("/user", self.user)
        app.router.add_post("/echo", self.echo)
        app.router.add_get("/lines", self.lines)
        app.router.add_get("/slowly", self.slowly)
        app.router.add_get("/broken", self.broken)
        app.router.add_get("/empty", self.fixed(status=204))
        app.router.add_get("/page", self.fixed(text="<p>{}</p>", content_type="text/html"))
        app.router.add_get("/latin", self.fixed(text="grün", charset="latin-1"))
        app.router.add_get("/failing", self.fixed(status=503, text="later"))
        self.runner = aiohttp.web.AppRunner(app)
        await self.runner.setup()
        site = aiohttp.web.TCPSite(self.runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{self.runner.addresses[0][1]}"

    def fixed(self, **given):
        async def answer(request):
            return aiohttp.web.Response(**given)

        return answer

    async def user(self, request):
        return aiohttp.web.json_response(USERS, headers={"X-Tag": "seven"})

    async def echo(self, request):
        return aiohttp.web.json_response(await request.json(), status=201)

    async def lines(self, request):
        return aiohttp.web.Response(body=LINES)

    async def slowly(self, request):
        streamed = aiohttp.web.StreamResponse()
        await streamed.prepare(request)
        for line in LINES.splitlines(keepends=True):
            await streamed.write(line)
        return streamed

    async def broken(self, request):
        streamed = aiohttp.web.StreamResponse(headers={"Content-Length": "100"})
        await streamed.prepare(request)
        await streamed.write(b"begun")
        request.transport.close()
        return streamed


def routes(base, broken, refused):
    """What the server does, as a script."""

    def echo(request):
        return response(201, json=request.kwargs["json"])

    return {
        f"GET {base}/user": response(
            json=USERS, headers={"X-Tag": "seven", "Content-Type": "application/json"}
        ),
        f"POST {base}/echo": echo,
        f"GET {base}/lines": response(body=LINES),
        f"GET {base}/slowly": response(chunks=LINES.splitlines(keepends=True)),
        f"GET {base}/broken": response(chunks=[b"begun", broken]),
        f"GET {base}/empty": response(204),
        f"GET {base}/page": response(text="<p>{}</p>", headers={"Content-Type": "text/html"}),
        f"GET {base}/latin": response(text="grün", headers={"Content-Type": "text/plain; charset=latin-1"}),
        f"GET {base}/failing": response(503, text="later"),
        f"GET {base}/missing": response(404, text="404: Not Found"),
        "GET http://127.0.0.1:1/*": refused,
    }


class Seen(list):
    """What a client function has observed, step by step."""

    @contextlib.contextmanager
    def error(self, *kinds):
        try:
            yield
        except kinds as error:
            # Messages of the libraries contain ports and errno; code handles the kind.
            self.append(next(kind.__name__ for kind in kinds if isinstance(error, kind)))
        else:
            self.append("no error")


async def use_aiohttp(session, base):
    seen = Seen()
    async with session:
        async with session.get(f"{base}/user", params={"page": 2}) as answer:
            seen += [answer.status, answer.reason, answer.ok, str(answer.url), answer.method]
            seen += [answer.headers["x-tag"], answer.headers.get("X-TAG"), "x-none" in answer.headers]
            seen += [answer.content_type, await answer.json(), await answer.text(), await answer.read()]
            seen += [answer.content.at_eof(), await answer.content.read(), answer.raise_for_status()]
        seen += [answer.closed, await answer.text(), await answer.json()]
        with seen.error(aiohttp.ClientConnectionError):
            await answer.read()
        async with session.get(f"{base}/user") as answer:
            seen += [await answer.read(), await answer.json()]
            first = await answer.json()
            first["name"] = "changed"
            seen.append(await answer.json())
        async with session.post(f"{base}/echo", json={"a": [1, None]}) as answer:
            seen += [answer.status, await answer.json()]
        async with session.request("POST", f"{base}/echo", json=[1]) as answer:
            seen += [answer.status, await answer.json()]
        for path in ("lines", "slowly"):
            async with session.get(f"{base}/{path}") as answer:
                seen.append([line async for line in answer.content])
            async with session.get(f"{base}/{path}") as answer:
                seen.append(b"".join([piece async for piece in answer.content.iter_chunked(2)]))
            async with session.get(f"{base}/{path}") as answer:
                seen.append(b"".join([piece async for piece in answer.content.iter_any()]))
                seen.append(await answer.read())
            async with session.get(f"{base}/{path}") as answer:
                seen += [await answer.content.readline(), await answer.content.readexactly(2)]
                seen += [await answer.content.read(1), await answer.text()]
        async with session.get(f"{base}/lines") as answer:
            seen.append([piece async for piece in answer.content.iter_chunked(5)])
        answer = await session.get(f"{base}/lines")
        seen += [answer.status, await answer.read()]
        answer = await session.get(f"{base}/slowly")
        answer.release()
        with seen.error(aiohttp.ClientConnectionError):
            await answer.text()
        async with await session.get(f"{base}/lines") as answer:
            seen.append(await answer.text())
        with seen.error(aiohttp.ClientPayloadError):
            async with session.get(f"{base}/broken") as answer:
                await answer.read()
        parts = []
        with seen.error(aiohttp.ClientPayloadError):
            async with session.get(f"{base}/broken") as answer:
                async for part in answer.content.iter_any():
                    parts.append(part)
        seen.append(b"".join(parts))
        async with session.get(f"{base}/empty") as answer:
            seen += [answer.status, answer.reason, await answer.text(), await answer.read()]
        async with session.get(f"{base}/empty") as answer:
            seen.append(await answer.json(content_type=None))
        async with session.get(f"{base}/page") as answer:
            with seen.error(aiohttp.ContentTypeError):
                await answer.json()
            seen.append(await answer.json(content_type=None, loads=str.upper))
        async with session.get(f"{base}/latin") as answer:
            seen += [await answer.text(), answer.charset, (await answer.read())]
        for path in ("failing", "missing"):
            try:
                async with session.get(f"{base}/{path}") as answer:
                    answer.raise_for_status()
            except aiohttp.ClientResponseError as error:
                seen += [error.status, error.message, str(error), str(error.request_info.real_url)]
            answer = await session.get(f"{base}/{path}")
            with seen.error(aiohttp.ClientResponseError):
                answer.raise_for_status()
            seen.append(answer.closed)
        with seen.error(aiohttp.ClientConnectionError):
            async with session.get("http://127.0.0.1:1/x"):
                seen.append("entered")
        with seen.error(aiohttp.ClientConnectionError):
            await session.get("http://127.0.0.1:1/x")
        for wrong in (lambda: session.get(), lambda: session.gett(f"{base}/user")):
            with seen.error(TypeError, AttributeError):
                await wrong()
        seen.append(session.closed)
    seen.append(session.closed)
    with seen.error(RuntimeError):
        await session.get(f"{base}/user")
    return seen


async def use_httpx(client, base):
    seen = Seen()
    async with client:
        answer = await client.get(f"{base}/user", params={"page": 2})
        seen += [
            answer.status_code,
            answer.reason_phrase,
            answer.is_success,
            answer.is_error,
            str(answer.url),
        ]
        seen += [answer.headers["x-tag"], answer.headers.get("X-TAG"), "x-none" in answer.headers]
        seen += [answer.json(), answer.text, answer.content, await answer.aread(), answer.is_closed]
        seen += [answer.raise_for_status() is answer, [part async for part in answer.aiter_bytes(7)]]
        answer = await client.post(f"{base}/echo", json={"a": [1, None]})
        seen += [answer.status_code, answer.json()]
        answer = await client.request("POST", f"{base}/echo", json=[1])
        seen += [answer.status_code, answer.json()]
        for path in ("lines", "slowly"):
            async with client.stream("GET", f"{base}/{path}") as answer:
                with seen.error(httpx.ResponseNotRead):
                    seen.append(answer.text)
                seen += [answer.status_code, [line async for line in answer.aiter_lines()], answer.is_closed]
                with seen.error(httpx.StreamConsumed):
                    await answer.aread()
            async with client.stream("GET", f"{base}/{path}") as answer:
                seen += [await answer.aread(), answer.text, [part async for part in answer.aiter_bytes(4)]]
            async with client.stream("GET", f"{base}/{path}") as answer:
                seen.append([part async for part in answer.aiter_bytes(4)])
            async with client.stream("GET", f"{base}/{path}") as answer:
                seen.append("".join([part async for part in answer.aiter_text()]))
            async with client.stream("GET", f"{base}/{path}") as answer:
                seen.append(b"".join([part async for part in answer.aiter_raw()]))
        with seen.error(httpx.StreamConsumed, httpx.StreamClosed):
            await answer.aread()
        async with client.stream("GET", f"{base}/slowly") as answer:
            await answer.aclose()
            with seen.error(httpx.StreamClosed):
                await answer.aread()
        with seen.error(httpx.RemoteProtocolError):
            await client.get(f"{base}/broken")
        parts = []
        with seen.error(httpx.RemoteProtocolError):
            async with client.stream("GET", f"{base}/broken") as answer:
                async for part in answer.aiter_bytes():
                    parts.append(part)
        seen.append(b"".join(parts))
        answer = await client.get(f"{base}/empty")
        seen += [answer.status_code, answer.text, answer.content]
        with seen.error(ValueError):
            answer.json()
        answer = await client.get(f"{base}/latin")
        seen += [answer.text, answer.content, answer.charset_encoding]
        for path in ("failing", "missing"):
            answer = await client.get(f"{base}/{path}")
            try:
                answer.raise_for_status()
            except httpx.HTTPStatusError as error:
                seen += [error.response is answer, error.response.status_code, str(error).splitlines()[0]]
                seen.append(str(error.request.url))
        with seen.error(httpx.ConnectError):
            await client.get("http://127.0.0.1:1/x")
        with seen.error(httpx.ConnectError):
            async with client.stream("GET", "http://127.0.0.1:1/x"):
                seen.append("entered")
        for wrong in (
            lambda: client.get(),
            lambda: client.get(f"{base}/user", parms={}),
            lambda: client.gett(f"{base}/user"),
        ):
            with seen.error(TypeError, AttributeError):
                await wrong()
        seen.append(client.is_closed)
    seen.append(client.is_closed)
    with seen.error(RuntimeError):
        await client.get(f"{base}/user")
    return seen


class SameOnBothTests(HygienicAsyncTestCase):
    maxDiff = None

    async def asyncSetUp(self):
        server = Server()
        self.base = await server.start()
        self.addAsyncCleanup(server.runner.cleanup)

    async def test_aiohttp(self):
        """The aiohttp client behaves the same on `makeSession(spec=aiohttp.ClientSession)`."""
        script = routes(
            self.base, aiohttp.ClientPayloadError("cut"), aiohttp.ClientConnectionError("refused")
        )
        mocked = await use_aiohttp(self.makeSession(script, spec=aiohttp.ClientSession), self.base)
        self.assertEqual(mocked, await use_aiohttp(aiohttp.ClientSession(), self.base))

    async def test_httpx(self):
        """The httpx client behaves the same on `makeSession(spec=httpx.AsyncClient)`."""
        script = routes(self.base, httpx.RemoteProtocolError("cut"), httpx.ConnectError("refused"))
        mocked = await use_httpx(self.makeSession(script, spec=httpx.AsyncClient), self.base)
        self.assertEqual(mocked, await use_httpx(httpx.AsyncClient(), self.base))

    @explore(faults=True)
    async def test_a_call_that_fails_has_the_errors_of_its_client(self):
        """Whichever call fails, it raises an error that users of the client catch."""
        script = {"GET *": response(text="there")}
        lazy = self.makeSession(script, spec=aiohttp.ClientSession)
        eager = self.makeSession(script, spec=httpx.AsyncClient)
        try:
            async with lazy.get("http://h/") as shown:
                await shown.text()
            await eager.get("http://h/")
        except Exception as error:
            self.assertIsInstance(error, (aiohttp.ClientError, httpx.HTTPError))

    async def test_they_pass_for_instances(self):
        """The mocks pass `isinstance` checks for the class of their client."""
        for kind in (aiohttp.ClientSession, httpx.AsyncClient):
            self.assertIsInstance(self.makeSession(spec=kind), kind)


if __name__ == "__main__":
    unittest.main()
