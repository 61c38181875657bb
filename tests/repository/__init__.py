"""The laws of this repository, one module each. They read the source tree; each proves that it can fail."""
