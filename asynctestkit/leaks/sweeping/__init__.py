"""The sweep: the one end-of-test inspection, from settling to the list of leaks."""
