"""The jobs of thread pools: where they were submitted, for which loop, and where they stand."""

import asyncio
import concurrent.futures
import functools
import threading
import unittest

from asynctestkit.loops.outside.jobs import jobs_in_flight, note_jobs
from asynctestkit.stacks.places import resolve


class JobsTests(unittest.TestCase):
    def setUp(self):
        note_jobs()
        self.begun, self.over = threading.Event(), threading.Event()
        self.pool = concurrent.futures.ThreadPoolExecutor(1)
        self.addCleanup(self.pool.shutdown)
        self.addCleanup(self.over.set)

    def work(self):
        self.begun.set()
        self.over.wait(30)

    def jobs(self):
        return [job for job in jobs_in_flight() if job.is_of(self.pool)]

    def test_a_job_is_in_flight_until_it_is_done(self):
        """A job, queued or running, is in flight, with its name and the line that submitted it."""
        given = [self.pool.submit(self.work), self.pool.submit(int)]
        self.assertEqual({job.name for job in self.jobs()}, {"JobsTests.work", "int"})
        for job in self.jobs():
            self.assertEqual(resolve(job.site)[-1].function, "test_a_job_is_in_flight_until_it_is_done")
        self.over.set()
        concurrent.futures.wait(given)
        self.assertEqual(self.jobs(), [])

    def test_a_result_that_is_held(self):
        """A job that is done is not in flight, though its future is held."""
        future = self.pool.submit(int)
        future.result()
        self.assertEqual(self.jobs(), [])
        self.assertEqual(future.result(), 0)

    def test_where_a_job_stands(self):
        """A job stands at the innermost frame of its thread; a queued one has none."""
        at_work, queued = self.pool.submit(self.work), self.pool.submit(int)
        self.begun.wait()
        frames = {job.name: job.frame() for job in self.jobs()}
        self.assertIsNone(frames["int"])
        frame, functions = frames["JobsTests.work"], []
        while frame is not None:
            functions.append(frame.f_code.co_name)
            frame = frame.f_back
        self.assertIn("work", functions)
        self.over.set()
        concurrent.futures.wait([at_work, queued])

    def test_for_whom_a_job_is(self):
        """A job serves the loop whose future waits for it, even after that has given up waiting."""
        loop, other = asyncio.new_event_loop(), asyncio.new_event_loop()
        self.addCleanup(loop.close)
        self.addCleanup(other.close)

        async def give_up():
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(loop.run_in_executor(self.pool, self.work), 0.01)

        loop.run_until_complete(give_up())
        (job,) = self.jobs()
        self.assertTrue(job.serves(loop))
        self.assertFalse(job.serves(other))
        self.over.set()

    def test_the_name_of_a_partial(self):
        """The function behind a partial is named."""
        for function in (functools.partial(self.work), functools.partial(functools.partial(self.work))):
            future = self.pool.submit(function)
            (job,) = self.jobs()
            self.assertEqual(job.name, "JobsTests.work")
            self.over.set()
            future.result()
            self.over.clear()

    def test_a_job_for_a_thread(self):
        """`asyncio.to_thread` submits a partial of `Context.run`: the user's function and line are named."""

        async def body():
            asyncio.get_running_loop().set_default_executor(self.pool)
            waits = asyncio.to_thread(self.work)
            waits.send(None)
            (job,) = self.jobs()
            waits.close()
            return job.name, resolve(job.site)[-1].function

        loop = asyncio.new_event_loop()
        self.addCleanup(loop.close)
        self.assertEqual(loop.run_until_complete(body()), ("JobsTests.work", "body"))

    def test_one_that_is_over(self):
        """For a job that is done, no frame is returned, and nothing breaks."""
        future = self.pool.submit(self.work)
        (job,) = self.jobs()
        self.over.set()
        future.result()
        while job.item() is not None:
            pass
        loop = asyncio.new_event_loop()
        self.addCleanup(loop.close)
        self.assertFalse(job.serves(loop))
        self.assertIsNone(job.frame())
