"""What is left of a plan's calls in a month."""

from dataclasses import dataclass
from datetime import datetime

from modest.months import month_end, month_of, month_start, seconds_to_month_end


@dataclass(frozen=True, slots=True)
class Allowance:
    limit: int
    used: int
    at: datetime
    """UTC."""

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used)

    @property
    def resets(self) -> datetime:
        return month_end(month_of(self.at))

    @property
    def reset_seconds(self) -> int:
        return seconds_to_month_end(self.at)

    @property
    def window_seconds(self) -> int:
        """The whole month's length."""
        return int((self.resets - month_start(month_of(self.at))).total_seconds())
