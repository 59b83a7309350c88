"""Why a change of accounts or keys cannot be made. The messages are for an operator."""


class RegistryError(Exception):
    """The base class of what a registry raises, apart from LedgerUnavailable and ValueError."""


class NotFound(RegistryError):
    """Raised if there is no such account, key or plan."""


class InvalidName(RegistryError):
    """Raised if no account, or no key, may have this name."""


class Taken(RegistryError):
    """Raised if the name or the key belongs to another account, or the name to another key of the same account."""


class KeyEnded(RegistryError):
    """Raised if a key has passed its end, so that one with the same end would not work either."""


class TooManyKeys(RegistryError):
    """Raised if an account has as many keys as one may have."""


class ConcurrentChange(RegistryError):
    """Raised if somebody else changed the same account at the same time. Nothing was written."""

    def __init__(self, account_name: str) -> None:
        super().__init__(f"Somebody else changed {account_name} at the same time. Check the account, then try again.")


class NoRate(RegistryError):
    """Raised if an account is to be charged in XNO, and no rate of XNO is set."""
