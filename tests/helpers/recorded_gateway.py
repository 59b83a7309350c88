"""The local gateway, which also prints when each bucket was asked for a token and what it answered."""

import json
import sys
from collections.abc import Callable, Hashable

from modest_local import main
from modest_local.api import Throttle
from modest_local.meters import TokenBuckets

MARK = "bucket: "


class RecordedBuckets(TokenBuckets):
    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(self._read)
        self._real_clock = clock
        self._now = 0.0

    def take(self, name: Hashable, throttle: Throttle) -> bool:
        taken = super().take(name, throttle)
        # In one write: the service logs from other threads.
        sys.stdout.write(f"{MARK}{json.dumps([name, self._now, taken])}\n")
        return taken

    def _read(self) -> float:
        self._now = self._real_clock()
        return self._now


if __name__ == "__main__":
    main.TokenBuckets = RecordedBuckets  # type: ignore[attr-defined]
    main.main()
