"""The parts of the tests, run one after the other: what tests/run.py puts together."""
