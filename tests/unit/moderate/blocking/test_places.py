"""Lists are read from S3, with boto3 as it is, and from files. The server that misbehaves is one of ours."""

import gc
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws
from tests.helpers.hostile_s3 import DATA, Answer, Handler, HostileS3, client_of, error, hostile_s3

from moderate.blocking import s3_place
from moderate.blocking.lists import MAX_FILE_BYTES
from moderate.blocking.named_places import InvalidPlace, place_of
from moderate.blocking.places import Content, FilePlace, PlaceFailure
from moderate.blocking.s3_place import MAX_SECONDS, S3Place

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def s3() -> "Iterator[S3Client]":
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="bucket")
        yield client


@pytest.mark.parametrize("data", [DATA, b"", b"x"])
def test_an_object_is_read_once_until_it_changes(s3: "S3Client", data: bytes) -> None:
    place = S3Place("bucket", "a/lists")
    s3.put_object(Bucket="bucket", Key="a/lists", Body=data)
    first = place.read(None)
    assert first is not None
    assert first.data == data
    assert place.read(first.tag) is None
    s3.put_object(Bucket="bucket", Key="a/lists", Body=b"other")
    second = place.read(first.tag)
    assert second is not None
    assert second.data == b"other"


def test_an_object_that_nobody_has_written_has_no_content(s3: "S3Client") -> None:
    place = S3Place("bucket", "a/lists")
    assert place.read(None) == Content(b"", "")
    assert place.read("") is None
    s3.put_object(Bucket="bucket", Key="a/lists", Body=b"x")
    found = place.read("")
    assert found is not None
    s3.delete_object(Bucket="bucket", Key="a/lists")
    assert place.read(found.tag) == Content(b"", "")


def test_a_bucket_that_is_not_there_is_a_failure(s3: "S3Client") -> None:  # noqa: ARG001
    with pytest.raises(PlaceFailure, match="S3 answered NoSuchBucket"):
        S3Place("nobodys", "lists").read(None)


@pytest.fixture
def hostile() -> Iterator[HostileS3]:
    with hostile_s3() as server:
        yield server


@pytest.mark.parametrize(
    ("status", "code"),
    [(403, "AccessDenied"), (503, "SlowDown"), (500, "InternalError"), (400, "KMS.DisabledException")],
)
def test_a_refusal_is_a_failure_that_names_its_code(hostile: HostileS3, status: int, code: str) -> None:
    hostile.answers(error(status, code), lambda handler: handler.send(200, DATA))
    with pytest.raises(PlaceFailure, match=f"S3 answered {code}"):
        hostile.place.read("v0")
    found = hostile.place.read("v0")
    assert found is not None
    assert found.data == DATA
    assert [asked["if-none-match"] for asked in hostile.asked] == ["v0", "v0"]


def test_an_object_that_breaks_off_is_continued_where_it_did(hostile: HostileS3) -> None:
    hostile.answers(
        lambda handler: handler.send(200, DATA[:100_000], length=len(DATA)),
        lambda handler: handler.send_rest(),
    )
    with pytest.raises(PlaceFailure, match="did not answer in full"):
        hostile.place.read('"v0"')
    found = hostile.place.read('"v0"')
    assert found == Content(DATA, '"v1"')
    assert hostile.asked[1]["range"].startswith("bytes=")
    assert hostile.asked[1]["if-match"] == '"v1"'
    assert "if-none-match" not in hostile.asked[1]


@pytest.mark.parametrize(
    ("variables", "bucket", "named"),
    [
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "lists", "Unable to locate credentials"),
        ({"AWS_ENDPOINT_URL": "somewhere"}, "lists", "Invalid endpoint: somewhere"),
        ({"AWS_PROFILE": "nobody"}, "lists", "profile .nobody. could not be found"),
        ({}, "Our lists", "Invalid bucket name"),
    ],
    ids=["credentials", "endpoint", "profile", "bucket"],
)
def test_what_s3_cannot_be_asked_without_is_named(
    variables: dict[str, str], bucket: str, named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(file, str(tmp_path / "none"))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(PlaceFailure, match=f"(?s)S3 cannot be asked: .*{named}"):
        S3Place(bucket, "key").read(None)


def test_an_object_that_changes_between_two_parts_is_read_anew(hostile: HostileS3) -> None:
    hostile.answers(
        lambda handler: handler.send(200, DATA[:100_000], length=len(DATA)),
        error(412, "PreconditionFailed"),
        lambda handler: handler.send(200, b"other", tag='"v2"'),
    )
    for says in ("did not answer in full", "S3 answered PreconditionFailed"):
        with pytest.raises(PlaceFailure, match=says):
            hostile.place.read('"v0"')
    assert hostile.place.read('"v0"') == Content(b"other", '"v2"')


@pytest.mark.parametrize(
    "answer",
    [
        lambda handler: handler.send(206, DATA),
        lambda handler: handler.send_rest('"v2"'),
        lambda handler: handler.send_rest(later=1),
        lambda handler: handler.send_rest(status=200),
        error(416, "InvalidRange"),
    ],
)
def test_a_part_that_does_not_fit_is_thrown_away(hostile: HostileS3, answer: Answer) -> None:
    hostile.answers(
        lambda handler: handler.send(200, DATA[:100_000], length=len(DATA)),
        answer,
        lambda handler: handler.send(200, DATA, tag='"v3"'),
    )
    for _ in range(2):
        with pytest.raises(PlaceFailure):
            hostile.place.read('"v0"')
    assert hostile.place.read('"v0"') == Content(DATA, '"v3"')


def test_nothing_larger_than_a_list_can_be_is_read(hostile: HostileS3) -> None:
    hostile.answers(lambda handler: handler.send(200, b"x", length=MAX_FILE_BYTES + 1))
    with pytest.raises(PlaceFailure, match="at most 268,435,456 bytes"):
        hostile.place.read(None)


def test_a_server_that_says_nothing_is_given_up(hostile: HostileS3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_place, "_SILENT_SECONDS", 0.2)
    hostile.answers(lambda _: time.sleep(1))
    with pytest.raises(PlaceFailure, match="ReadTimeoutError"):
        hostile.place.read(None)


def test_a_server_that_sends_slowly_is_given_up_and_continued_later(
    hostile: HostileS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_place, "MAX_SECONDS", -1.0)
    hostile.answers(
        lambda handler: handler.send(200, DATA),
        lambda handler: handler.send_rest(),
    )
    with pytest.raises(PlaceFailure, match="took more than"):
        hostile.place.read(None)
    monkeypatch.setattr(s3_place, "MAX_SECONDS", 60.0)
    assert hostile.place.read(None) == Content(DATA, '"v1"')


def test_what_was_read_in_full_is_used_even_if_that_took_too_long(
    hostile: HostileS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    def seconds() -> float:
        part = hostile.place._part
        return MAX_SECONDS + 1 if part is not None and part.length == len(DATA) else 0.0

    monkeypatch.setattr(s3_place, "time", SimpleNamespace(monotonic=seconds))
    hostile.answers(lambda handler: handler.send(200, DATA))
    assert hostile.place.read(None) == Content(DATA, '"v1"')


def _other_part(handler: Handler) -> None:
    if "Range" in handler.headers:
        handler.send_rest('"v2"')
    else:
        handler.send(200, DATA[:100_000], length=len(DATA))


@pytest.mark.parametrize(
    "answer",
    [
        lambda handler: handler.send(200, bytes(MAX_FILE_BYTES // 4), length=MAX_FILE_BYTES + 1),
        lambda handler: handler.send(200, DATA[:100_000], length=len(DATA)),
        lambda handler: (
            handler.send_rest('"v2"') if "Range" in handler.headers else handler.send(200, DATA[:9], length=99)
        ),
        error(403, "AccessDenied"),
        lambda handler: handler.send(304),
    ],
    ids=["too large", "cut off", "another part", "forbidden", "unchanged"],
)
def test_what_is_not_read_to_its_end_leaves_no_connection_open(hostile: HostileS3, answer: Answer) -> None:
    # Garbage is not collected while a service sleeps.
    gc.collect()
    gc.disable()
    try:
        open_files = []
        for _ in range(6):
            hostile.answers(answer)
            with suppress(PlaceFailure):
                hostile.place.read('"v0"')
            open_files.append(len(list(Path("/proc/self/fd").iterdir())))
        # One connection is kept for the next time, whose other end is in this process, too.
        assert open_files[-1] - open_files[1] <= 2
    finally:
        gc.enable()


def test_a_key_that_the_role_may_not_use_is_told_from_a_bucket_that_it_may_not_read(hostile: HostileS3) -> None:
    says = "User: x is not authorized to perform: kms:Decrypt on resource: y"
    body = f"<Error><Code>AccessDenied</Code><Message>{says}</Message></Error>".encode()
    hostile.answers(lambda handler: handler.send(403, body))
    with pytest.raises(PlaceFailure, match="S3 answered AccessDenied, because of the key that encrypts the bucket"):
        hostile.place.read(None)


def test_a_server_that_is_not_there_is_a_failure() -> None:
    with pytest.raises(PlaceFailure, match="EndpointConnectionError"):
        S3Place("bucket", "lists", lambda: client_of("http://127.0.0.1:1")).read(None)


def test_a_file_is_read_once_until_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "lists"
    place = place_of(str(path))
    assert isinstance(place, FilePlace)
    assert place.read(None) == Content(b"", "")
    assert place.read("") is None
    path.write_bytes(b"one")
    first = place.read("")
    assert first is not None
    assert first.data == b"one"
    assert place.read(first.tag) is None
    (tmp_path / "new").write_bytes(b"two")
    (tmp_path / "new").replace(path)
    second = place.read(first.tag)
    assert second is not None
    assert second.data == b"two"
    path.unlink()
    assert place.read(second.tag) == Content(b"", "")


def test_a_file_that_changes_is_read_again_even_if_whoever_puts_it_there_sets_its_time(tmp_path: Path) -> None:
    path = tmp_path / "lists"
    place, known, seen = FilePlace(path), None, []
    for data in (b"one", b"two", b"six"):
        path.write_bytes(data)
        os.utime(path, (1, 1))
        found = place.read(known)
        assert found is not None
        known = found.tag
        seen.append(found.data)
        # Until the clock of the file system ticks.
        time.sleep(0.02)
    assert seen == [b"one", b"two", b"six"]
    assert place.read(known) is None


def test_a_named_pipe_and_a_device_are_failures_and_nobody_waits_for_them(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero"), Path("/dev/null")):
        with pytest.raises(PlaceFailure, match="is not a file"):
            FilePlace(path).read(None)


def test_what_is_no_file_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(PlaceFailure, match="Is a directory"):
        FilePlace(tmp_path).read(None)
    (tmp_path / "huge").touch()
    with (tmp_path / "huge").open("wb") as huge:
        huge.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(PlaceFailure, match="at most"):
        FilePlace(tmp_path / "huge").read(None)


def test_a_place_in_s3_has_a_bucket_and_a_key() -> None:
    place = place_of("s3://bucket/a/lists")
    assert isinstance(place, S3Place)
    assert (place.bucket, place.key) == ("bucket", "a/lists")


@pytest.mark.parametrize(
    "text", ["s3://bucket", "s3://bucket/", "s3:///lists", "S3://bucket/lists", "https://a.test/x"]
)
def test_a_url_of_anything_but_an_object_is_no_place_and_no_file(text: str) -> None:
    with pytest.raises(InvalidPlace, match="a path or s3://bucket/key, not"):
        place_of(text)
