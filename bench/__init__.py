"""Benchmarks: ratios taken in one run, several rounds, median. `make bench` prints the table and writes results.json."""
