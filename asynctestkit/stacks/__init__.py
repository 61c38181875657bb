"""Where something was made, and where a task stands, as values and as text."""
