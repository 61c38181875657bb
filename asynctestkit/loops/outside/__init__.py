"""What goes on outside of a loop and could still wake it."""
