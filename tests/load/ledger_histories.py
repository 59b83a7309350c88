"""Thousands of random histories of the ledger: `python -m tests.load.ledger_histories [FIRST_SEED]`."""

import secrets
import sys

from tests.helpers.history_checks import mistakes_in

HISTORIES = 5000


def main() -> None:
    first = int(sys.argv[1]) if len(sys.argv) > 1 else secrets.randbits(48)
    wrong = 0
    for seed in range(first, first + HISTORIES):
        for mistake in mistakes_in(seed):
            print(f"seed {seed}: {mistake}")
            wrong += 1
    print(f"{HISTORIES:,} histories from seed {first} on: {wrong} mistakes")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
