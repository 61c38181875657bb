"""Examples, one runnable unittest module per subject: `python -m unittest examples.echo_server`."""
