"""Whoever changes the lists changes those that are there, and no change is lost."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import boto3
import pytest
from moto import mock_aws
from tests.helpers.lists import packed

from moderate.blocking.entries import Entry, Kind
from moderate.blocking.places import Content, FilePlace
from moderate.blocking.s3_place import S3Place
from modest_cli.errors import OperatorError
from modest_cli.lists.changes import add_entries
from modest_cli.lists.store import ListStore

A, B = Entry(Kind.HOST, b"a.example"), Entry(Kind.HOST, b"b.example")


@pytest.fixture(params=["file", "s3"])
def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FilePlace | S3Place]:
    if request.param == "file":
        yield FilePlace(tmp_path / "new" / "lists")
        return
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="bucket")
        yield S3Place("bucket", "lists")


def adding(*entries: Entry) -> Callable[[dict[Kind, set[bytes]]], list[Entry]]:
    return lambda found: add_entries(found, entries)


def hosts(store: ListStore) -> list[str]:
    return [entry.text for entry in store.read().lists.entries()]


def test_the_first_entry_makes_the_lists(place: FilePlace | S3Place) -> None:
    store = ListStore(place)
    assert (hosts(store), store.read().tag) == ([], "")
    assert store.edit(adding(A, A, B)) == [A, B]
    assert hosts(store) == ["a.example", "b.example"]


def test_two_who_edit_at_the_same_time_both_get_what_they_want(place: FilePlace | S3Place) -> None:
    first, second, turns = ListStore(place), ListStore(place), []

    def slowly(found: dict[Kind, set[bytes]]) -> list[Entry]:
        turns.append(len(found[Kind.HOST]))
        if len(turns) == 1:
            second.edit(adding(B))
        return add_entries(found, [A])

    assert first.edit(slowly) == [A]
    assert turns == [0, 1]
    assert hosts(first) == ["a.example", "b.example"]


def test_whoever_is_always_overtaken_is_told_that_nothing_was_changed(place: FilePlace | S3Place) -> None:
    other, turns = ListStore(place), iter(range(100))

    def never(found: dict[Kind, set[bytes]]) -> list[Entry]:
        other.edit(adding(Entry(Kind.HOST, f"{next(turns)}.example".encode())))
        return add_entries(found, [A])

    with pytest.raises(OperatorError, match="Nothing was changed"):
        ListStore(place).edit(never)
    assert "a.example" not in hosts(other)


def test_what_changes_nothing_is_not_written(place: FilePlace | S3Place) -> None:
    store = ListStore(place)
    store.edit(adding(A))
    tag = store.read().tag
    assert store.edit(adding(A)) == []
    assert store.read().tag == tag


def test_a_file_cannot_be_both_listed_and_allowed(place: FilePlace | S3Place) -> None:
    store = ListStore(place)
    store.edit(adding(Entry(Kind.SHA256, bytes(32))))
    with pytest.raises(OperatorError, match="cannot be both listed and allowed: 0000"):
        store.edit(adding(Entry(Kind.ALLOWED, bytes(32))))
    assert len(hosts(store)) == 1


@pytest.mark.parametrize("broken", [b"host a.example\n", packed("host a.example")[:-1], b""])
def test_broken_lists_are_changed_by_nobody_but_whoever_replaces_them(tmp_path: Path, broken: bytes) -> None:
    (tmp_path / "lists").write_bytes(broken)
    place = FilePlace(tmp_path / "lists")
    with pytest.raises(OperatorError, match="modest lists import FILE --replace"):
        ListStore(place).edit(adding(B))
    assert (tmp_path / "lists").read_bytes() == broken
    ListStore(place, replaces_broken=True).edit(adding(B))
    assert hosts(ListStore(place)) == ["b.example"]


def add_one(path: str, number: int) -> int:
    return len(ListStore(FilePlace(Path(path))).edit(adding(Entry(Kind.HOST, f"{number}.example".encode()))))


def threads() -> Executor:
    return ThreadPoolExecutor(4)


def processes() -> Executor:
    return ProcessPoolExecutor(4, mp_context=get_context("spawn"))


@pytest.mark.parametrize("several", [threads, processes])
def test_many_who_edit_a_file_lose_nothing(tmp_path: Path, several: Callable[[], Executor]) -> None:
    path = str(tmp_path / "lists")
    with several() as executor:
        added = sum(executor.map(add_one, [path] * 8, range(8)))
    assert added == len(hosts(ListStore(FilePlace(Path(path))))) == 8


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OperatorError, match="file/lists"):
        ListStore(FilePlace(tmp_path / "file" / "lists")).edit(adding(A))


class SameTag(FilePlace):
    """Files that are written at nearly the same time, one in the place of the other."""

    def read(self, known: str | None) -> Content | None:
        found = super().read(None)
        tag = "same" if found is not None and found.tag else ""
        return None if found is None or tag == known else Content(found.data, tag)


def test_no_change_is_lost_even_if_files_cannot_be_told_apart_by_their_tags(tmp_path: Path) -> None:
    place = SameTag(tmp_path / "lists")
    first, second, turns = ListStore(place), ListStore(place), []
    first.edit(adding(Entry(Kind.HOST, b"c.example")))

    def slowly(found: dict[Kind, set[bytes]]) -> list[Entry]:
        turns.append(1)
        if len(turns) == 1:
            second.edit(adding(B))
        return add_entries(found, [A])

    first.edit(slowly)
    assert hosts(first) == ["a.example", "b.example", "c.example"]


def test_a_link_stays_one_and_those_who_use_its_names_lose_nothing(tmp_path: Path) -> None:
    link, file = tmp_path / "link", tmp_path / "folder" / "lists"
    link.symlink_to(file)
    for path, entry in ((link, A), (file, B), (link, Entry(Kind.HOST, b"c.example"))):
        ListStore(FilePlace(path)).edit(adding(entry))
    assert link.is_symlink()
    assert hosts(ListStore(FilePlace(file))) == ["a.example", "b.example", "c.example"]
