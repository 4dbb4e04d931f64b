"""The audit log: who did what, when and by which way; one line for each act, in the transaction that does it."""
