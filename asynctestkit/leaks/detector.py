"""The protocol of a leak detector."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from ..cpython.originals import asyncio
from .leak import Leak
from .owner import Owner

__all__ = ["LeakDetector"]


class LeakDetector:
    """Decides about one kind of object whether it is a leak.

    A project adds a kind of its own by subclassing it: `kind` names the leak, `types` lists the classes of
    object that the detector wants to see, `examine` decides. Put the class into `leak_detectors`.

    The detector sees every object of these types (subclasses included) that was created since the test began
    and is still alive when it has ended, garbage collected and loop settled. With `registered` it sees what
    was entered in some registry since, instead. One instance is made per test, with no arguments.

    `may_outlive_tests` is for things of the process, not of a loop, which may be kept on purpose. Such a
    thing is a leak only if it is the test's own: if no module, class or function has it, or what they have,
    and if everybody who holds it can be seen. With `on_leak` "warn" or "ignore" it is not released.
    `dies_with_loop` is for what is useless when the loop is closed: then even what is allowed is released.
    """

    kind: ClassVar[str]
    types: ClassVar[tuple[type, ...]]
    dies_with_loop: ClassVar[bool] = False
    may_outlive_tests: ClassVar[bool] = False

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        kind, types = getattr(cls, "kind", None), getattr(cls, "types", None)
        if not isinstance(kind, str) or not kind:
            raise TypeError(
                f"{cls.__name__}.kind is {kind!r}, expected the name of the leak: kind = 'connection pool'"
            )
        if not isinstance(types, tuple) or not types or not all(isinstance(each, type) for each in types):
            raise TypeError(
                f"{cls.__name__}.types is {types!r}, expected a tuple of classes: types = (ConnectionPool,)"
            )

    def prepare(self, objects: list[Any]) -> None:
        """Called once with all that is alive, before each is examined; by default nothing.

        What has died before, and announced itself then, is examined without. Keep no reference to them.
        """

    def examine(self, obj: Any) -> Leak | None:
        """The leak that `obj` is, or None.

        Called in the test's thread, outside of the loop. `phase` may be left empty: it is filled in. Keep no
        reference to `obj`.
        """
        raise NotImplementedError

    def release(self, obj: Any) -> None:
        """Ends a leak that is not allowed, so that it does no harm to the next test; by default nothing.

        Called in the reverse order of the creation, outside of the loop; the loop then turns until nothing
        more is ready, and it `is_gone`.
        """

    def is_gone(self, obj: Any) -> bool:
        """Whether what `release` has begun is over.

        Until then the sweep turns the loop, for at most `grace_period`.
        """
        return True

    def is_ending(self, obj: Any) -> bool:
        """Whether this may end by itself: unless it is allowed, the sweep waits, for at most `settle_time`.

        By default nothing may.
        """
        return False

    def depends_on_owner(self, obj: Any) -> bool:
        """Whether it is a leak only in view of who holds it; by default, if it may outlive tests."""
        return self.may_outlive_tests

    def is_leak_of(self, owner: Owner, obj: Any) -> bool:
        """Whether it is a leak in view of its owner: by default, unless that is the process."""
        return owner is not Owner.PROCESS

    def registered(self, loop: asyncio.AbstractEventLoop) -> Iterable[Any]:
        """What a registry holds just now, of the loop's or the process's, for things that only live there.

        A detector that overrides this is not shown the heap. It sees what the registry holds at the end and
        did not hold when the test began, even if the object itself is older.
        """
        raise NotImplementedError
