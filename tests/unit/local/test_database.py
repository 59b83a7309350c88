"""The databases of the state folder: what they keep, and which ones are refused."""

import sqlite3
import stat
from contextlib import closing, suppress
from pathlib import Path

import pytest

from modest_local.database import open_database, transaction

SCHEMA = "CREATE TABLE IF NOT EXISTS t (n INTEGER)"


def numbers(connection: sqlite3.Connection) -> list[int]:
    return [number for (number,) in connection.execute("SELECT n FROM t")]


def test_what_was_written_is_there_at_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.db"
    with closing(open_database(path, SCHEMA)) as first:
        first.execute("INSERT INTO t VALUES (1)")
    with closing(open_database(path, SCHEMA)) as second:
        assert numbers(second) == [1]


def test_only_their_owner_may_read_them(tmp_path: Path) -> None:
    with closing(open_database(tmp_path / "a.db", SCHEMA)) as connection:
        connection.execute("INSERT INTO t VALUES (1)")
        assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_a_second_process_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    with (
        closing(open_database(tmp_path / "a.db", SCHEMA)),
        pytest.raises(SystemExit, match="in use by another local gateway"),
    ):
        open_database(tmp_path / "a.db", SCHEMA)


@pytest.mark.parametrize("place", [0, 30, 4096, 9000])
def test_a_damaged_file_is_refused_with_advice(tmp_path: Path, place: int) -> None:
    path = tmp_path / "a.db"
    with closing(open_database(path, SCHEMA)) as connection:
        connection.executemany("INSERT INTO t VALUES (?)", [(number,) for number in range(5000)])
    content = bytearray(path.read_bytes())
    content[place : place + 100] = b"\xff" * 100
    path.write_bytes(content)
    with pytest.raises(SystemExit, match=r"(?s)a\.db cannot be read: .*Delete it"):
        open_database(path, SCHEMA)


def test_an_empty_file_is_a_new_database(tmp_path: Path) -> None:
    (tmp_path / "a.db").touch()
    with closing(open_database(tmp_path / "a.db", SCHEMA)) as connection:
        assert numbers(connection) == []


def test_a_transaction_that_raises_leaves_nothing_and_one_around_it_goes_on(tmp_path: Path) -> None:
    with closing(open_database(tmp_path / "a.db", SCHEMA)) as connection:
        with transaction(connection):
            connection.execute("INSERT INTO t VALUES (1)")
            with suppress(KeyError), transaction(connection):
                connection.execute("INSERT INTO t VALUES (2)")
                raise KeyError
        assert numbers(connection) == [1]
        assert not connection.in_transaction
