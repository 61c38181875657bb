"""Each assertion passes and fails where it should, and each failure says what the contract wants, in full."""
