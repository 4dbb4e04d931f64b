"""Runs a whole city on one machine: redis-server, the service's processes, and the demo."""
