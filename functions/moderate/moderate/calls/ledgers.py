"""Opens the ledger that the settings name."""

from datetime import timedelta

from moderate.pipeline import REQUEST_DEADLINE_SECONDS
from moderate.settings import InvalidSetting, Settings
from modest.ledger.ledger import Ledger
from modest.store.retries import RetryPolicy

LEASE = timedelta(seconds=REQUEST_DEADLINE_SECONDS + 5)
"""How long a call that never ends blocks other calls with the same Idempotency-Key."""


def open_ledger(settings: Settings) -> Ledger | None:
    """Returns the ledger with its connection already made, or None if the settings name no table.

    A DynamoDB that does not answer is left for the calls to report. Raises InvalidSetting if there is no way to ask it.
    """
    if not settings.ledger_table:
        return None
    # A server without a ledger starts without a client for it.
    from modest.store.dynamodb import DynamoDBTable, NoClient, make_client  # noqa: PLC0415

    try:
        client = make_client()
    except NoClient as error:
        raise InvalidSetting(f"LEDGER_TABLE names a table that AWS cannot be asked for: {error}") from error
    ledger = Ledger(
        DynamoDBTable(client, settings.ledger_table),
        settings.plans,
        lease=LEASE,
        digests_kept=timedelta(days=settings.digest_days),
        retries=RetryPolicy(seconds=settings.ledger_seconds),
    )
    ledger.warm_up()
    return ledger
