"""What breaks a city, measured: `make faults` breaks one in each way that is known here and writes docs/reliability.md."""
