"""What was created since a mark, what holds it, and what Python reports when it is destroyed."""
