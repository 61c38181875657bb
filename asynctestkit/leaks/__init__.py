"""What a test can leave behind: leaks as values, exemptions, detectors and the report."""
