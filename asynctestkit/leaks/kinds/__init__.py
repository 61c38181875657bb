"""The kinds of leak, one detector a file, and the two lists of them."""

from __future__ import annotations

from ..detector import LeakDetector
from .async_generators import AsyncGeneratorLeaks
from .callbacks import CallbackLeaks
from .coroutines import CoroutineLeaks
from .environ import EnvironLeaks
from .exceptions import ExceptionLeaks
from .executors import ExecutorLeaks
from .generator_cleanups import GeneratorCleanupLeaks
from .patches import PatchLeaks
from .servers import ServerLeaks
from .signal_handlers import SignalHandlerLeaks
from .sockets import SocketLeaks
from .subprocesses import SubprocessLeaks
from .tasks import TaskLeaks
from .threads import ThreadLeaks
from .timers import TimerLeaks
from .transports import TransportLeaks
from .unclosed import UnclosedLeaks
from .unclosed_files import UnclosedFileLeaks
from .watchers import WatcherLeaks

__all__ = ["DEFAULT_DETECTORS", "STRICT_DETECTORS"]

DEFAULT_DETECTORS: tuple[type[LeakDetector], ...] = (
    TaskLeaks,
    CoroutineLeaks,
    ExceptionLeaks,
    CallbackLeaks,
    GeneratorCleanupLeaks,
    ServerLeaks,
    TransportLeaks,
    UnclosedLeaks,
    SignalHandlerLeaks,
    PatchLeaks,
    SocketLeaks,
    SubprocessLeaks,
    ThreadLeaks,
    ExecutorLeaks,
)
"""The kinds that Python itself would warn of or log sooner or later, and what keeps running."""

STRICT_DETECTORS: tuple[type[LeakDetector], ...] = (
    *DEFAULT_DETECTORS,
    AsyncGeneratorLeaks,
    TimerLeaks,
    WatcherLeaks,
    EnvironLeaks,
    UnclosedFileLeaks,
)
"""All kinds: also those that real suites leave behind without harm."""
