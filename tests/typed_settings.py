"""What type checkers report about settings: `make lint` has mypy check this file, which is never run.

Every mistake has to be rejected: `mypy --strict` complains about each `type: ignore` that is not needed.
"""

from asynctestkit import HygienicAsyncTestCase, hygiene, no_leaks


class Right(HygienicAsyncTestCase):
    on_leak = "warn"
    clock = "virtual"
    deadline = 5

    @hygiene(on_leak="ignore", clock="real", deadline=None, settle_time=0)
    async def test(self) -> None:
        async with no_leaks(grace_period=1, on_leak="fail"):
            pass


class Slips(HygienicAsyncTestCase):
    on_leak = "fial"  # type: ignore[assignment]  # has to be refused
    deadline = "soon"  # type: ignore[assignment]  # has to be refused

    @hygiene(dealine=3)  # type: ignore[call-arg]  # has to be refused
    async def test_name(self) -> None:
        async with no_leaks(setle_time=1):  # type: ignore[call-arg]  # has to be refused
            pass

    @hygiene(on_leak="wran")  # type: ignore[arg-type]  # has to be refused
    async def test_value(self) -> None:
        async with no_leaks(clock="virtuel"):  # type: ignore[arg-type]  # has to be refused
            pass
