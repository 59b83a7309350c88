"""One module per contestant. Each runs as a process in its own environment: see worker.py."""
