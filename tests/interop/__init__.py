"""Checks against other people's packages, in an environment of their own: `make interop`."""
