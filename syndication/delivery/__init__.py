"""Claim, send, record: what takes deliveries from waiting to an outcome."""
