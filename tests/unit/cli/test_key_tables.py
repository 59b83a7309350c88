"""How keys are printed."""

from datetime import UTC, datetime

import pytest

from modest.accounts.key_records import AccountKey
from modest.accounts.records import Account, PlanHeld
from modest_cli.key_status import AccountStatus, KeyState, KeyStatus
from modest_cli.key_tables import print_account

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def test_a_name_is_escaped_once_as_in_every_other_table(capsys: pytest.CaptureFixture[str]) -> None:
    key = AccountKey("ab12", "acct_1", "a\\b", 1, enabled=True, created=NOW)
    print_account(AccountStatus(Account("acct_1", "Acme", [PlanHeld("Tiny", NOW)]), [KeyStatus(key, KeyState.WORKS)]))
    assert "key a\\\\b  " in capsys.readouterr().out
