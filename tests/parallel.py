"""Runs a suite in several processes at once, for `python -m unittest` without arguments.

Each process takes the next test file, or folder, that is left, loads it, and sends the outcomes of its
tests to the first process, where it goes to the result as if the tests had run there. The first one loads
none: a process that has loaded all of them needs several times as long for each collection of garbage.
"""

import contextlib
import os
import pickle
import signal
import struct
import traceback
import unittest
from multiprocessing.connection import Connection, Pipe, wait

__all__ = ["ParallelSuite", "Unit"]

_DONE = "done"
_NUMBER = struct.Struct("H")


class Unit(unittest.TestSuite):
    """A test file or folder, loaded when it is to run."""

    def __init__(self, load, *arguments) -> None:
        super().__init__()
        self._load = load
        self._arguments = arguments

    def run(self, result, debug=False):
        self.addTest(self._load(*self._arguments))
        return super().run(result, debug)


class ParallelSuite(unittest.TestSuite):
    """Its units run in so many processes, each unit in one."""

    def __init__(self, units, processes: int) -> None:
        super().__init__(units)
        self._processes = processes

    def run(self, result, debug=False):
        if debug or self._processes < 2:
            return super().run(result, debug)
        queue, fill = os.pipe()
        os.write(fill, b"".join(map(_NUMBER.pack, range(len(list(self))))))
        os.close(fill)
        workers = [_Worker(self, queue) for _ in range(self._processes)]
        os.close(queue)
        try:
            _listen(workers, result)
        finally:
            for worker in workers:
                worker.end()
        return result


def _listen(workers, result) -> None:
    pipes = {worker.pipe: worker for worker in workers}
    while pipes and not result.shouldStop:
        for pipe in wait(list(pipes)):
            try:
                method, test, arguments = pickle.loads(pipe.recv_bytes())
            except EOFError:
                worker = pipes.pop(pipe)
                result.addError(_Elsewhere("a process of tests"), _failure(f"{worker} has died\n"))
                continue
            if method == _DONE:  # the pipe may stay open, by whatever a test has forked
                pipes.pop(pipe).reap()
                continue
            getattr(result, method)(test, *arguments)


class _Worker:
    """A forked process that runs units of a suite until none is left."""

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


def _work(units, queue: int, sending: Connection) -> None:
    while taken := os.read(queue, _NUMBER.size):
        (number,) = _NUMBER.unpack(taken)
        units[number].run(_Sender(sending))
    sending.send_bytes(pickle.dumps((_DONE, None, ())))


class _Sender(unittest.TestResult):
    """Sends each outcome; exceptions as text."""

    def __init__(self, sending: Connection) -> None:
        super().__init__()
        self._sending = sending

    def _send(self, method, test, *arguments) -> None:
        described = _Elsewhere(str(test), test.id(), test.shortDescription())
        self._sending.send_bytes(pickle.dumps((method, described, arguments)))

    def startTest(self, test):
        super().startTest(test)
        self._send("startTest", test)

    def stopTest(self, test):
        super().stopTest(test)
        self._send("stopTest", test)

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
    """An error in another process, as text."""


def _failure(text: str):
    return _InAnotherProcess, _InAnotherProcess(f"\n{text}"), None


class _Elsewhere:
    """Stands for a test that runs in another process, and for an error outside of one."""

    failureException = None

    def __init__(self, text: str, name: str = "", description: str | None = None) -> None:
        self._text = text
        self._name = name or text
        self._description = description

    def __str__(self) -> str:
        return self._text

    def id(self) -> str:
        return self._name

    def shortDescription(self) -> str | None:
        return self._description
