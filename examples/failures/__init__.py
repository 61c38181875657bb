"""Examples whose failure is the lesson. What unittest prints for each lies beside it, as a text file."""
