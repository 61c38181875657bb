"""Hygiene for asyncio tests: a unittest base class that sweeps what a test leaves behind, and never hangs.

>>> class FeedTests(HygienicAsyncTestCase):  # instead of unittest.IsolatedAsyncioTestCase
...     deadline = 5.0
...     async def test_feed(self): ...

The test case   HygienicAsyncTestCase; HygieneMixin in front of a base class of yours; no_leaks for a block
Settings        Settings lists them: class attributes; @hygiene for one test or class
Exemptions      @allow_leaks for one test or class; Allowance in the setting `allowed_leaks`
Failures        LeakError, DeadlineError, DeadlockError, BlockedLoopError, RunawayError, ScriptError,
                StaleAllowanceError, UnnamedTaskError; LeakWarning: see asynctestkit.exceptions
Assertions      TimeAssertions, QueueAssertions, TaskAssertions, CancelAssertions, GroupAssertions,
                LogAssertions, MockAssertions: the test case has all, and each works alone
Mocks           MockBuilders: methods of the test case; asynctestkit.mocks has them as functions
Isolation       IsolationHelpers: ports, folders, environment; Clock: virtual time
Exploration     @explore runs a test in many schedules of its tasks, @replay in one
Leaks           Leak, with Places: what a report says, as values; DEFAULT_DETECTORS, STRICT_DETECTORS and
                the class of each kind; LeakDetector for a kind of your own
Commands        python -m asynctestkit --help; pytest -p asynctestkit.pytest_plugin

`python -m pydoc asynctestkit.HygienicAsyncTestCase` shows one of these. README.md and examples/GUIDE.md, in
the source, have the rest.
"""

from typing import TYPE_CHECKING

from .cpython.lazy_names import lazy_names

if TYPE_CHECKING:
    from .assertions.groups import GroupAssertions
    from .assertions.logs import LogAssertions
    from .assertions.mocks import MockAssertions
    from .assertions.queues import QueueAssertions
    from .assertions.tasks import TaskAssertions
    from .assertions.timing import TimeAssertions
    from .case import HygieneMixin, HygienicAsyncTestCase
    from .exceptions import (
        BlockedLoopError,
        DeadlineError,
        DeadlockError,
        LeakError,
        LeakWarning,
        RunawayError,
        ScriptError,
        StaleAllowanceError,
        UnnamedTaskError,
    )
    from .exploration.cancel_safety import CancelAssertions
    from .exploration.plan import explore, replay
    from .isolation import IsolationHelpers
    from .leaks.allowances import Allowance
    from .leaks.detector import LeakDetector
    from .leaks.kinds import DEFAULT_DETECTORS, STRICT_DETECTORS
    from .leaks.kinds.async_generators import AsyncGeneratorLeaks
    from .leaks.kinds.callbacks import CallbackLeaks
    from .leaks.kinds.coroutines import CoroutineLeaks
    from .leaks.kinds.environ import EnvironLeaks
    from .leaks.kinds.exceptions import ExceptionLeaks
    from .leaks.kinds.executors import ExecutorLeaks
    from .leaks.kinds.generator_cleanups import GeneratorCleanupLeaks
    from .leaks.kinds.patches import PatchLeaks
    from .leaks.kinds.servers import ServerLeaks
    from .leaks.kinds.signal_handlers import SignalHandlerLeaks
    from .leaks.kinds.sockets import SocketLeaks
    from .leaks.kinds.subprocesses import SubprocessLeaks
    from .leaks.kinds.tasks import TaskLeaks
    from .leaks.kinds.threads import ThreadLeaks
    from .leaks.kinds.timers import TimerLeaks
    from .leaks.kinds.transports import TransportLeaks
    from .leaks.kinds.unclosed import UnclosedLeaks
    from .leaks.kinds.unclosed_files import UnclosedFileLeaks
    from .leaks.kinds.watchers import WatcherLeaks
    from .leaks.leak import Leak
    from .lifecycle.decorators import allow_leaks, hygiene
    from .lifecycle.no_leaks import no_leaks
    from .loops.virtual.clock import Clock
    from .mocks import MockBuilders
    from .settings import Settings
    from .stacks.places import Place
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "assertions.groups": "GroupAssertions",
            "assertions.logs": "LogAssertions",
            "assertions.mocks": "MockAssertions",
            "assertions.queues": "QueueAssertions",
            "assertions.tasks": "TaskAssertions",
            "assertions.timing": "TimeAssertions",
            "case": "HygieneMixin HygienicAsyncTestCase",
            "exceptions": (
                "BlockedLoopError DeadlineError DeadlockError LeakError LeakWarning RunawayError "
                "ScriptError StaleAllowanceError UnnamedTaskError"
            ),
            "exploration.cancel_safety": "CancelAssertions",
            "exploration.plan": "explore replay",
            "isolation": "IsolationHelpers",
            "leaks.allowances": "Allowance",
            "leaks.detector": "LeakDetector",
            "leaks.kinds": "DEFAULT_DETECTORS STRICT_DETECTORS",
            "leaks.kinds.async_generators": "AsyncGeneratorLeaks",
            "leaks.kinds.callbacks": "CallbackLeaks",
            "leaks.kinds.coroutines": "CoroutineLeaks",
            "leaks.kinds.environ": "EnvironLeaks",
            "leaks.kinds.exceptions": "ExceptionLeaks",
            "leaks.kinds.executors": "ExecutorLeaks",
            "leaks.kinds.generator_cleanups": "GeneratorCleanupLeaks",
            "leaks.kinds.patches": "PatchLeaks",
            "leaks.kinds.servers": "ServerLeaks",
            "leaks.kinds.signal_handlers": "SignalHandlerLeaks",
            "leaks.kinds.sockets": "SocketLeaks",
            "leaks.kinds.subprocesses": "SubprocessLeaks",
            "leaks.kinds.tasks": "TaskLeaks",
            "leaks.kinds.threads": "ThreadLeaks",
            "leaks.kinds.timers": "TimerLeaks",
            "leaks.kinds.transports": "TransportLeaks",
            "leaks.kinds.unclosed": "UnclosedLeaks",
            "leaks.kinds.unclosed_files": "UnclosedFileLeaks",
            "leaks.kinds.watchers": "WatcherLeaks",
            "leaks.leak": "Leak",
            "lifecycle.decorators": "allow_leaks hygiene",
            "lifecycle.no_leaks": "no_leaks",
            "loops.virtual.clock": "Clock",
            "mocks": "MockBuilders",
            "settings": "Settings",
            "stacks.places": "Place",
        },
    )

__version__ = "0.1.0"

__all__ = [
    "DEFAULT_DETECTORS",
    "STRICT_DETECTORS",
    "Allowance",
    "AsyncGeneratorLeaks",
    "BlockedLoopError",
    "CallbackLeaks",
    "CancelAssertions",
    "Clock",
    "CoroutineLeaks",
    "DeadlineError",
    "DeadlockError",
    "EnvironLeaks",
    "ExceptionLeaks",
    "ExecutorLeaks",
    "GeneratorCleanupLeaks",
    "GroupAssertions",
    "HygieneMixin",
    "HygienicAsyncTestCase",
    "IsolationHelpers",
    "Leak",
    "LeakDetector",
    "LeakError",
    "LeakWarning",
    "LogAssertions",
    "MockAssertions",
    "MockBuilders",
    "PatchLeaks",
    "Place",
    "QueueAssertions",
    "RunawayError",
    "ScriptError",
    "ServerLeaks",
    "Settings",
    "SignalHandlerLeaks",
    "SocketLeaks",
    "StaleAllowanceError",
    "SubprocessLeaks",
    "TaskAssertions",
    "TaskLeaks",
    "ThreadLeaks",
    "TimeAssertions",
    "TimerLeaks",
    "TransportLeaks",
    "UnclosedFileLeaks",
    "UnclosedLeaks",
    "UnnamedTaskError",
    "WatcherLeaks",
    "allow_leaks",
    "explore",
    "hygiene",
    "no_leaks",
    "replay",
]
