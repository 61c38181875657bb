"""A module whose import fails, as a module that it needs is missing."""

from importlib import import_module

import_module("no_such_module_at_all")
