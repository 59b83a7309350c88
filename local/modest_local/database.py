"""Opens the databases of the state folder. Whatever is committed survives `kill -9`, because the kernel holds it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def open_database(path: Path, schema: str) -> sqlite3.Connection:
    """Opens a database for this process alone, creating it if it does not exist. Exits with advice if it cannot.

    Connections may be used by any thread, but by one at a time.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(0o600)
    connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    problem = _prepare(connection, schema)
    if problem:
        connection.close()
        raise SystemExit(f"{path} {problem}")
    return connection


def _prepare(connection: sqlite3.Connection, schema: str) -> str:
    """Returns why the database cannot be used, or an empty text."""
    try:
        connection.executescript(
            "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
        )
        connection.executescript(f"BEGIN IMMEDIATE; {schema}; COMMIT;")
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorname == "SQLITE_BUSY":
            return "is in use by another local gateway. Stop that, or start this one with another --state."
        found = str(error)
    return "" if found == "ok" else f"cannot be read: {found}. Delete it to begin with an empty one."


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Undoes everything that is written inside if that raises. Transactions may be nested."""
    connection.execute("SAVEPOINT attempt")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK TO attempt")
        raise
    finally:
        connection.execute("RELEASE attempt")
