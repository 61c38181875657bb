"""The protocol of a leak detector."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any, ClassVar

from ..cpython.originals import asyncio
from .leak import Leak
from .owner import Owner

__all__ = ["LeakDetector"]


class LeakDetector:
    """Decides about one kind of object whether it is a leak.

    A project adds a kind of its own by a subclass: `kind` names the leak, `types` lists the classes of
    object that the detector is shown, `examine` decides. Put the class into `leak_detectors`.

    The detector sees every object of these types (subclasses included) that was created since the test began
    and is still alive when it has ended, garbage collected and loop settled. With `registered` it sees
    what was entered in a registry since, instead. One instance is created per test, without arguments.

    `may_outlive_tests` is for objects of the process, not of a loop, which may be kept on purpose. Such an
    object is a leak only if it is the test's own: if no module, class or function holds it, directly or
    through others, and if all holders can be seen. With `on_leak` "warn" or "ignore" it is not released.
    `dies_with_loop` is for objects that are useless without their loop: even allowed ones are released.
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
        for name in ("prepare", "examine", "release", "is_gone", "is_ending", "registered"):
            if inspect.iscoroutinefunction(getattr(cls, name)):
                raise TypeError(
                    f"{cls.__name__}.{name} is async, but it is called outside of the loop: "
                    f"expected def {name}(…)"
                )

    def prepare(self, objects: list[Any]) -> None:
        """Called once with all living objects, before each is examined; does nothing by default.

        Objects that announced themselves when they were destroyed are examined without. Keep no reference.
        """

    def examine(self, obj: Any) -> Leak | None:
        """The leak that `obj` is, or None.

        Called in the test's thread, outside of the loop. `phase` may be left empty: it is filled in. Keep no
        reference to `obj`.
        """
        raise NotImplementedError

    def release(self, obj: Any) -> None:
        """Ends a leak that is not allowed, so that it does no harm to the next test; does nothing by default.

        Called in the reverse order of creation, outside of the loop; the loop then turns until nothing
        more is ready and `is_gone` returns True.
        """

    def is_gone(self, obj: Any) -> bool:
        """Whether what `release` has begun has ended.

        Until then the sweep turns the loop, for at most `grace_period`.
        """
        return True

    def is_ending(self, obj: Any) -> bool:
        """Whether this may end by itself: unless it is allowed, the sweep waits, for at most `settle_time`.

        False by default.
        """
        return False

    def depends_on_owner(self, obj: Any) -> bool:
        """Whether its holders decide if it is a leak; by default, `may_outlive_tests`."""
        return self.may_outlive_tests

    def is_leak_of(self, owner: Owner, obj: Any) -> bool:
        """Whether it is a leak, given its owner: by default, unless that is the process."""
        return owner is not Owner.PROCESS

    def registered(self, loop: asyncio.AbstractEventLoop) -> Iterable[Any]:
        """What a registry of the loop or the process holds now, for objects that are found only there.

        A detector that overrides this is not shown the heap. It sees what the registry holds at the end and
        did not hold when the test began, even if the object itself is older.
        """
        raise NotImplementedError
