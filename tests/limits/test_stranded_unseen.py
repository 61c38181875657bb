"""The proof that a test can never wake: not given where what leads to it is hidden from the collector."""

import asyncio
import sys
import weakref
from unittest import mock

from asynctestkit.limits import stranded
from tests.limits.test_stranded import StrandedTestCase


class UnseenTests(StrandedTestCase):
    """Each body is woken in a way of which the collector shows nothing."""

    clock = "virtual"

    def test_the_variables_of_a_frame(self):
        """A frame of the body, or of a coroutine that it awaits."""

        async def of_the_body(self):
            event, frame = asyncio.Event(), sys._getframe()
            self.start(lambda: frame.f_locals["event"].set())
            await event.wait()

        async def of_a_coroutine(self):
            async def wait(event):
                await event.wait()

            coroutine = wait(asyncio.Event())
            self.start(lambda frame=coroutine.cr_frame: frame.f_locals["event"].set())
            await coroutine

        for test in (of_the_body, of_a_coroutine):
            with self.subTest(test.__name__):
                self.assertNotProved(test)

    def test_a_callback_for_the_end_of_another_object(self):
        """A weak reference calls back when its object ends, which others hold; so does a proxy."""

        class Connection:
            pass

        async def by_reference(self):
            idle, closed = [Connection()], asyncio.Event()
            watch = weakref.ref(idle[0], lambda _: closed.set())
            self.start(idle.clear)
            del idle
            await closed.wait()
            self.assertIsNone(watch())

        async def by_proxy(self):
            idle, closed = [Connection()], asyncio.Event()
            self.watch = weakref.proxy(idle[0], lambda _: closed.set())
            self.start(idle.clear)
            del idle
            await closed.wait()

        for test in (by_reference, by_proxy):
            with self.subTest(test.__name__):
                self.assertNotProved(test)

    def test_generators_and_coroutines_found_weakly(self):
        """A weak reference to one that would do something when it is closed or sent on."""

        async def generate(event):
            try:
                yield
            finally:
                event.set()

        async def by_generator(self):
            event = asyncio.Event()
            generator = generate(event)
            await generator.__anext__()
            reference = weakref.ref(generator)
            self.start(lambda: self.startBackground(reference().aclose()))
            await event.wait()

        async def by_coroutine(self):
            async def set_it(event):
                event.set()

            event = asyncio.Event()
            coroutine = set_it(event)
            reference = weakref.ref(coroutine)
            self.start(lambda: self.startBackground(reference()))
            await event.wait()

        for test in (by_generator, by_coroutine):
            with self.subTest(test.__name__):
                self.assertNotProved(test)

    def test_a_great_number_of_objects(self):
        """The search is given up: an object that holds the event in a thousand containers."""

        async def test(self):
            event = asyncio.Event()
            held = [[event] for _ in range(100)]
            self.start(lambda: held[0][0].set())
            await event.wait()

        with mock.patch.object(stranded, "_MOST", 50):
            self.assertNotProved(test)
