"""What was created since a mark, who keeps it, and what Python says of what dies."""
