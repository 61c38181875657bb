"""Metaclasses that forbid what is usually asked of a class."""


class Unhashable(type):
    __hash__ = None


class Raising(type):
    def __eq__(cls, other):
        raise LookupError("asked a class whether it is another")

    def __hash__(cls):
        raise LookupError("asked a class for its hash")
