"""What an operator can look up about accounts and keys."""

from collections.abc import Mapping

from modest.accounts.errors import NotFound
from modest.accounts.key_records import AccountKey, all_keys, api_key_from_item, api_key_item_key, pointer_item_key
from modest.accounts.names import is_visible
from modest.accounts.records import (
    NAMES_PK,
    RATE_KEY,
    Account,
    AccountVersion,
    account_from_item,
    account_item_key,
    name_item_key,
    rate_from_items,
)
from modest.money import Rate
from modest.store.retries import RetryPolicy, operator_retries
from modest.store.table import Item, Key, Range, Table


class AccountReader:
    """Reads accounts and keys. Every method may also raise LedgerUnavailable."""

    def __init__(self, table: Table, *, retries: RetryPolicy | None = None) -> None:
        self._table = table
        self._retries = retries or operator_retries()

    def account(self, account_id: str) -> Account:
        """Raises NotFound."""
        return self._version(account_id).account

    def account_named(self, name: str) -> Account:
        """Finds an account by its name, ignoring case. Raises NotFound."""
        key = name_item_key(name)
        # A table cannot be asked for nothing, for halves of characters or for a whole book.
        found = self._read(key) if is_visible(name) else {}
        if key not in found:
            raise NotFound(f"There is no account named {name or repr(name)}.")
        return self.account(found[key]["account"])

    def accounts(self) -> list[Account]:
        """Returns all accounts, sorted by name."""
        keys = [account_item_key(item["account"]) for item in self._retries.query(self._table, Range(NAMES_PK))]
        found = self._read(*keys) if keys else {}
        return [account_from_item(found[key]) for key in keys if key in found]

    def key(self, key_hash: str) -> AccountKey:
        """key_hash: the hex SHA-256 of the key. Raises NotFound."""
        pointer_key = pointer_item_key(key_hash)
        pointer = self._read(pointer_key).get(pointer_key)
        if pointer:
            key = api_key_item_key(pointer["account"], key_hash)
            item = self._read(key).get(key)
            if item:
                return api_key_from_item(item)
        raise NotFound("There is no such key.")

    def keys(self, account_id: str) -> list[AccountKey]:
        """Returns an account's keys, disabled and expired ones included. An unknown account has none."""
        return [api_key_from_item(item) for item in self._retries.query(self._table, all_keys(account_id))]

    def rate(self) -> Rate | None:
        """Returns the rate of XNO, or None if none is set."""
        return rate_from_items(self._read(RATE_KEY))

    def _version(self, account_id: str) -> AccountVersion:
        key = account_item_key(account_id)
        item = self._read(key).get(key)
        if item is None:
            raise NotFound(f"There is no account {account_id}.")
        return AccountVersion(account_from_item(item), int(item["version"]))

    def _read(self, *keys: Key) -> Mapping[Key, Item]:
        return self._retries.run(lambda: self._table.read(keys))
