"""Contestants, one module each. Each runs as a process in an environment of its own; worker.py has the protocol."""
