"""Runs a suite in several processes at once, for `python -m unittest` without arguments.

The processes are forked when all is loaded. Each takes the next test file that nobody has taken, or the next
folder whose files belong together, and sends what comes of its tests to the first one, where it goes to the
result as if the tests had run there.
"""

import contextlib
import os
import pickle
import signal
import struct
import traceback
import unittest
from collections.abc import Iterator
from multiprocessing.connection import Connection, Pipe, wait

__all__ = ["ParallelSuite", "Together", "units"]

_DONE = "done"
_NUMBER = struct.Struct("H")


class ParallelSuite(unittest.TestSuite):
    """Its members run in so many processes, each member in one."""

    def __init__(self, members, processes: int) -> None:
        super().__init__(members)
        self._processes = processes

    def run(self, result, debug=False):
        if debug or self._processes < 2:
            return super().run(result, debug)
        tests = [list(_tests_in(member)) for member in self]
        queue, fill = os.pipe()
        os.write(fill, b"".join(map(_NUMBER.pack, range(len(tests)))))
        os.close(fill)
        workers = [_Worker(self, queue) for _ in range(self._processes)]
        os.close(queue)
        try:
            self._listen(workers, tests, result)
        finally:
            for worker in workers:
                worker.end()
        return result

    def _listen(self, workers, tests, result) -> None:
        pipes = {worker.pipe: worker for worker in workers}
        while pipes and not result.shouldStop:
            for pipe in wait(list(pipes)):
                try:
                    method, number, which, arguments = pickle.loads(pipe.recv_bytes())
                except EOFError:
                    worker = pipes.pop(pipe)
                    result.addError(_Elsewhere("a process of tests"), _failure(f"{worker} has died\n"))
                    continue
                if method == _DONE:  # the pipe may stay open, by whatever a test has forked
                    pipes.pop(pipe).reap()
                    continue
                test = tests[number][which] if isinstance(which, int) else _Elsewhere(which)
                getattr(result, method)(test, *arguments)


class _Worker:
    """A forked process that runs members of a suite until there are none."""

    def __init__(self, suite, queue: int) -> None:
        self.pipe, sending = Pipe(duplex=False)
        self.pid = os.fork()
        if not self.pid:
            try:
                self.pipe.close()
                _work(list(suite), queue, sending)
            except BaseException:
                traceback.print_exc()
            finally:
                sending.close()
                os._exit(0)
        sending.close()
        self._is_reaped = False

    def __str__(self) -> str:
        return f"process {self.pid}"

    def reap(self) -> None:
        os.waitpid(self.pid, 0)
        self._is_reaped = True

    def end(self) -> None:
        self.pipe.close()
        if not self._is_reaped:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self.reap()


def _work(members, queue: int, sending: Connection) -> None:
    while taken := os.read(queue, _NUMBER.size):
        (number,) = _NUMBER.unpack(taken)
        member = members[number]
        result = _Sender(number, list(_tests_in(member)), sending)
        member.run(result)
    sending.send_bytes(pickle.dumps((_DONE, 0, 0, ())))


class _Sender(unittest.TestResult):
    """Sends what it is told; exceptions as text."""

    def __init__(self, number: int, tests, sending: Connection) -> None:
        super().__init__()
        self._number = number
        self._tests = {id(test): which for which, test in enumerate(tests)}
        self._sending = sending

    def _send(self, method, test, *arguments) -> None:
        which = self._tests.get(id(test), str(test))
        self._sending.send_bytes(pickle.dumps((method, self._number, which, arguments)))

    def startTest(self, test):
        super().startTest(test)
        self._send("startTest", test)

    def stopTest(self, test):
        super().stopTest(test)
        self._send("stopTest", test)
        self._tests.pop(id(test), None)  # the suite lets it go now, and another thing may get its address

    def addSuccess(self, test):
        self._send("addSuccess", test)

    def addFailure(self, test, err):
        self._send("addFailure", test, _failure(self._exc_info_to_string(err, test)))

    def addError(self, test, err):
        self._send("addError", test, _failure(self._exc_info_to_string(err, test)))

    def addSubTest(self, test, subtest, err):
        if err is not None:
            is_failure = issubclass(err[0], test.failureException)
            text = f"{subtest}\n{self._exc_info_to_string(err, test)}"
            self._send("addFailure" if is_failure else "addError", test, _failure(text))

    def addSkip(self, test, reason):
        self._send("addSkip", test, reason)

    def addExpectedFailure(self, test, err):
        self._send("addExpectedFailure", test, _failure(""))

    def addUnexpectedSuccess(self, test):
        self._send("addUnexpectedSuccess", test)


class _InAnotherProcess(Exception):
    """What went wrong there, as text."""


def _failure(text: str):
    return _InAnotherProcess, _InAnotherProcess(f"\n{text}"), None


class _Elsewhere:
    """In the place of a test: what fails outside of one, such as `setUpClass`."""

    failureException = None

    def __init__(self, description: str) -> None:
        self._description = description

    def __str__(self) -> str:
        return self._description

    id = __str__

    def shortDescription(self) -> None:
        return None


def _tests_in(suite) -> Iterator[unittest.TestCase]:
    for each in suite:
        if isinstance(each, unittest.TestSuite):
            yield from _tests_in(each)
        else:
            yield each


class Together(unittest.TestSuite):
    """Its members run in one process, one after the other, as they share what takes long to make."""


def units(suite) -> list[unittest.TestSuite]:
    """What one process takes at a time, in the order in which it was found."""
    found: dict[object, unittest.TestSuite] = {}
    for each in _units_in(suite):
        if isinstance(each, Together):
            found[id(each)] = each  # it has no hash
        else:
            found.setdefault(type(each).__module__, unittest.TestSuite()).addTest(each)
    return list(found.values())


def _units_in(suite) -> Iterator[unittest.TestCase | Together]:
    for each in suite:
        if isinstance(each, unittest.TestSuite) and not isinstance(each, Together):
            yield from _units_in(each)
        else:
            yield each
