"""An HTTP client against a mock session: retries, errors at each place, a streamed body."""

import asyncio
import unittest
from typing import Any

from asynctestkit import HygienicAsyncTestCase
from asynctestkit.mocks import ResponseError


class Weather:
    """A client in the way of aiohttp's users. `session` is an aiohttp.ClientSession, or a mock of one."""

    def __init__(self, session: Any) -> None:
        self._session = session

    async def temperature(self, town: str, *, attempts: int = 3) -> float:
        """Asks again where the service is down for a moment."""
        for attempt in range(1, attempts + 1):
            async with self._session.get(f"http://weather/towns/{town}") as response:
                if response.status == 503 and attempt < attempts:
                    continue
                response.raise_for_status()
                return float((await response.json())["celsius"])
        raise AssertionError("not reached")

    async def history(self, town: str) -> list[float]:
        """One value a line, as they arrive."""
        async with self._session.get(f"http://weather/towns/{town}/history") as response:
            return [float(line) async for line in response.content]


class WeatherTests(HygienicAsyncTestCase):
    async def test_asks_again_while_the_service_is_down(self) -> None:
        """A list of answers is used in order, and has to be used up."""
        down, up = self.makeResponse(503), self.makeResponse(json={"celsius": 21.5})
        session = self.makeSession({"GET http://weather/towns/*": [down, down, up]})

        self.assertEqual(await Weather(session).temperature("Bern"), 21.5)

        self.assertEqual([request.url for request in session.requests], ["http://weather/towns/Bern"] * 3)
        up.json.assert_awaited_once_with()

    async def test_gives_up_with_the_services_error(self) -> None:
        session = self.makeSession({"GET http://weather/towns/*": self.makeResponse(503)})
        with self.assertRaises(ResponseError) as caught:
            await Weather(session).temperature("Bern", attempts=2)
        self.assertEqual(caught.exception.status, 503)

    async def test_lets_errors_of_the_connection_through(self) -> None:
        """On entering, and in the middle of the body."""
        session = self.makeSession(
            {
                "GET http://weather/towns/Bern": ConnectionRefusedError("down"),
                "GET http://weather/towns/*/history": self.makeResponse(
                    chunks=["1\n2", ConnectionResetError("cut")]
                ),
            }
        )
        with self.assertRaises(ConnectionRefusedError):
            await Weather(session).temperature("Bern")
        with self.assertRaises(ConnectionResetError):
            await Weather(session).history("Bern")

    async def test_reads_values_that_chunks_cut_in_two(self) -> None:
        session = self.makeSession({"GET *": self.makeResponse(chunks=["1", "0\n20", "\n", "30"])})
        self.assertEqual(await Weather(session).history("Bern"), [10, 20, 30])

    async def test_asks_for_several_towns_at_once(self) -> None:
        """A callable answers by the request."""
        celsius = {"Bern": 15, "Rom": 25}

        def answer(request: Any) -> Any:
            return self.makeResponse(json={"celsius": celsius[request.url.rpartition("/")[2]]})

        session = self.makeSession({"GET *": answer})
        weather = Weather(session)
        both = await asyncio.gather(weather.temperature("Bern"), weather.temperature("Rom"))
        self.assertEqual(both, [15, 25])


if __name__ == "__main__":
    unittest.main()
