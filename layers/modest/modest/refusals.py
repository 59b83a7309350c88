"""What the ledger answers a call that it does not admit."""

from modest.allowance import Allowance
from modest.errors import PublicError


class UnknownKey(PublicError):
    """No such key, or one that is disabled or has run out: the caller is told the same."""

    def __init__(self, detail: str = "") -> None:
        """detail: what the operator has to mend, if the key could be in use."""
        super().__init__("This API key is not in use.", detail=detail)


class QuotaExceeded(PublicError):
    """The plan's calls for the month are used up."""

    def __init__(self, allowance: Allowance) -> None:
        super().__init__(
            f"All {allowance.limit:,} calls of this month are used. "
            f"The next month begins on {allowance.resets:%Y-%m-%d} at 00:00 UTC; a larger plan helps at once."
        )
        self.allowance = allowance
        self.retry_after = allowance.reset_seconds


class LedgerUnavailable(PublicError):
    """Calls cannot be counted or charged just now."""

    retry_after = 2

    def __init__(self, detail: str, *, perhaps_written: bool = False) -> None:
        """perhaps_written: a write was sent and no answer came; it may have been carried out."""
        super().__init__("Calls cannot be counted just now, and none is judged uncounted. Try again in a moment.")
        self.detail = detail
        self.perhaps_written = perhaps_written


class IdempotencyInProgress(PublicError):
    """Another call with this Idempotency-Key has not ended yet."""

    retry_after = 1
    allowance: Allowance | None = None

    def __init__(self) -> None:
        super().__init__("A call with this Idempotency-Key is still in progress. Send it again in a moment.")


class IdempotencyMismatch(PublicError):
    """The Idempotency-Key belongs to a call with other content."""

    allowance: Allowance | None = None

    def __init__(self) -> None:
        super().__init__(
            "This Idempotency-Key was used for a different request. Repeat that request unchanged, or use a new key."
        )
