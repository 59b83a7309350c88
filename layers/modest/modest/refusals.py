"""Defines the reasons why the ledger does not admit a call."""

from decimal import Decimal

from modest.allowance import Allowance
from modest.errors import PublicError
from modest.money import shortest


class UnknownKey(PublicError):
    """Raised if a key does not exist, is disabled or has expired. The caller is not told which."""

    def __init__(self, detail: str = "") -> None:
        """detail: what the operator has to fix, if the key may belong to a customer."""
        super().__init__("This API key is not valid.", detail=detail)


class LedgerUnavailable(PublicError):
    """Raised if the ledger's table does not answer in time, or cannot be used."""

    retry_after = 2
    """Seconds."""

    def __init__(self, detail: str, *, perhaps_written: bool = False) -> None:
        """perhaps_written: a write was sent and not answered, so it may have been carried out."""
        super().__init__(
            "The service cannot reach its ledger of calls and charges at the moment. This call was not charged. "
            "Try again in a few seconds.",
            detail=detail,
        )
        self.perhaps_written = perhaps_written


class NotAdmitted(PublicError):
    """The base class of the refusals that a valid key can get."""

    def __init__(self, message: str, allowance: Allowance) -> None:
        """allowance: what is left of the caller's month."""
        super().__init__(message)
        self.allowance = allowance


class QuotaExceeded(NotAdmitted):
    """Raised if the month's calls are used up."""

    def __init__(self, allowance: Allowance) -> None:
        super().__init__(
            f"You have used all {allowance.limit:,} of this month's calls. "
            f"Your quota resets on {allowance.resets:%Y-%m-%d} at 00:00 UTC, and retrying before then will not help. "
            "A larger plan takes effect at once.",
            allowance,
        )
        self.retry_after = allowance.reset_seconds


class KeyLimitExceeded(NotAdmitted):
    """Raised if a call would pass a limit of its key, though the account may have calls left."""

    def __init__(self, message: str, allowance: Allowance) -> None:
        super().__init__(message, allowance)
        self.retry_after = allowance.reset_seconds

    @classmethod
    def of_calls(cls, limit: int, allowance: Allowance) -> "KeyLimitExceeded":
        return cls(
            f"This API key has used all {limit:,} of its calls of this month. "
            f"{_resets(allowance)} Whoever gave you the key can raise the limit.",
            allowance,
        )

    @classmethod
    def of_usd(cls, limit: Decimal, taken: Decimal, wanted: Decimal, allowance: Allowance) -> "KeyLimitExceeded":
        return cls(
            f"This API key may spend {shortest(limit)} US dollars a month. Calls have taken {shortest(taken)} of "
            f"them, and this one could cost {shortest(wanted)}. {_resets(allowance)} "
            "Fewer images in one call may still fit. "
            "Whoever gave you the key can raise the limit.",
            allowance,
        )


class IdempotencyInProgress(NotAdmitted):
    """Raised if another call with the same Idempotency-Key has not ended yet."""

    retry_after = 1
    """Seconds."""

    def __init__(self, allowance: Allowance) -> None:
        super().__init__(
            "Another call with this Idempotency-Key is still in progress. "
            "Send the same request again in a second to get its answer.",
            allowance,
        )


class IdempotencyMismatch(NotAdmitted):
    """Raised if an Idempotency-Key was used before, with a different route, query or body."""

    def __init__(self, allowance: Allowance) -> None:
        super().__init__(
            "This Idempotency-Key was already used for a different request. "
            "Repeat that request unchanged, or send this one with a new Idempotency-Key.",
            allowance,
        )


def _resets(allowance: Allowance) -> str:
    return f"It resets on {allowance.resets:%Y-%m-%d} at 00:00 UTC."
