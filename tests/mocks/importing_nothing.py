"""A module that cannot be imported, as one that it needs is not there."""

from importlib import import_module

import_module("no_such_module_at_all")
