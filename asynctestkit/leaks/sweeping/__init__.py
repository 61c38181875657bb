"""The one end-of-test inspection, from the settling to the list of leaks."""
