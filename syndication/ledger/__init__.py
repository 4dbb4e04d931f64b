"""The ledger of deliveries: how rows are born, end, are sent again, and by which rules they are tried."""
