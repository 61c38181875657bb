"""Scripts for mocks: success, then an error, then a late success, each call the next step."""

import asyncio
import unittest

from asynctestkit import HygienicAsyncTestCase
from asynctestkit.mocks import after


async def read_sensor(port: str) -> float:
    raise NotImplementedError("asks the hardware")


async def readings(port: str, count: int) -> list[float | None]:
    """One reading a minute; None where the sensor fails or takes longer than five seconds."""
    found: list[float | None] = []
    for _ in range(count):
        try:
            found.append(await asyncio.wait_for(read_sensor(port), 5))
        except (OSError, asyncio.TimeoutError):
            found.append(None)
        await asyncio.sleep(60)
    return found


class ReadingsTests(HygienicAsyncTestCase):
    clock = "virtual"

    async def test_a_sensor_that_fails_once(self) -> None:
        sensor = self.patchAsync(f"{__name__}.read_sensor", outcomes=[20.5, OSError("bus"), after(4, 21.0)])
        self.assertEqual(await readings("/dev/ttyS0", 3), [20.5, None, 21.0])
        self.assertEqual(sensor.await_count, 3)
        self.assertEqual(self.clock.elapsed, 3 * 60 + 4)

    async def test_a_sensor_that_is_too_slow(self) -> None:
        self.patchAsync(f"{__name__}.read_sensor", outcomes=[after(6, 20.5), 21.0])
        self.assertEqual(await readings("/dev/ttyS0", 2), [None, 21.0])


if __name__ == "__main__":
    unittest.main()
