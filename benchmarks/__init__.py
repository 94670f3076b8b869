"""Timings and figures of merit, measured in one run: ``python -m benchmarks NAME``."""
