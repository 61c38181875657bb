"""What a test can leave behind: the leak as a value, who is exempt, and the report."""
