"""Claim, send, record: takes deliveries from waiting to an outcome."""
