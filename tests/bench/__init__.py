"""Benchmarks: run by hand or with `make bench`, never by the tests. Each takes `--json`."""
