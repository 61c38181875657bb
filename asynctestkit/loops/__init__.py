"""The event loop of a hygienic test, the runner that drives it, and what a loop shows from outside."""
