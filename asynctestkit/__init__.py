"""Hygiene for asyncio tests: a unittest base class that sweeps what a test leaves behind, and never hangs."""

from .assertions.groups import GroupAssertions
from .assertions.logs import LogAssertions
from .assertions.mocks import MockAssertions
from .assertions.queues import QueueAssertions
from .assertions.tasks import TaskAssertions
from .assertions.timing import TimeAssertions
from .block import no_leaks
from .case import HygieneMixin, HygienicAsyncTestCase
from .decorators import allow_leaks, hygiene
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
from .isolation import IsolationHelpers
from .leaks import DEFAULT_DETECTORS, STRICT_DETECTORS
from .leaks.allowances import Allowance
from .leaks.async_generators import AsyncGeneratorLeaks
from .leaks.callbacks import CallbackLeaks
from .leaks.coroutines import CoroutineLeaks
from .leaks.detector import LeakDetector
from .leaks.environ import EnvironLeaks
from .leaks.exceptions import ExceptionLeaks
from .leaks.executors import ExecutorLeaks
from .leaks.generator_cleanups import GeneratorCleanupLeaks
from .leaks.leak import Leak
from .leaks.patches import PatchLeaks
from .leaks.servers import ServerLeaks
from .leaks.signal_handlers import SignalHandlerLeaks
from .leaks.sockets import SocketLeaks
from .leaks.subprocesses import SubprocessLeaks
from .leaks.tasks import TaskLeaks
from .leaks.threads import ThreadLeaks
from .leaks.timers import TimerLeaks
from .leaks.transports import TransportLeaks
from .leaks.unclosed import UnclosedLeaks
from .leaks.unclosed_files import UnclosedFileLeaks
from .leaks.watchers import WatcherLeaks
from .loops.clock import Clock
from .mocks import MockBuilders
from .places import Place
from .settings import Settings

__version__ = "0.1.0"

__all__ = [
    "DEFAULT_DETECTORS",
    "STRICT_DETECTORS",
    "Allowance",
    "AsyncGeneratorLeaks",
    "BlockedLoopError",
    "CallbackLeaks",
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
    "hygiene",
    "no_leaks",
]
