"""Each assertion passes and fails when it should, and each failure has the whole message of the contract."""
