"""Works out how many of a plan's calls are left in a month."""

from dataclasses import dataclass
from datetime import datetime

from modest.months import month_end, month_of, month_start, seconds_to_month_end


@dataclass(frozen=True, slots=True)
class Allowance:
    limit: int
    """Calls a month."""
    used: int
    at: datetime
    """When this was so, in UTC. It decides which month is described."""

    @property
    def remaining(self) -> int:
        """Is never below 0, although an account that moves to a smaller plan may have used more than its limit."""
        return max(0, self.limit - self.used)

    @property
    def resets(self) -> datetime:
        return month_end(month_of(self.at))

    @property
    def reset_seconds(self) -> int:
        """Returns the seconds until the month ends, rounded up."""
        return seconds_to_month_end(self.at)

    @property
    def window_seconds(self) -> int:
        """Returns the length of the whole month in seconds."""
        return int((self.resets - month_start(month_of(self.at))).total_seconds())
