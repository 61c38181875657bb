"""Activity outside of a loop that could still wake it."""
