"""`modest lists` changes what a service refuses, and refuses what cannot be meant itself."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from moto import mock_aws
from PIL import Image
from tests.helpers.hostile_s3 import error, hostile_s3
from tests.helpers.lists import packed
from tests.helpers.local_gateway import LocalGateway
from tests.helpers.photos import photo
from tests.helpers.support import encoded, serve
from typer.testing import CliRunner

from moderate.blocking.lists import Lists
from moderate.blocking.places import FilePlace
from moderate.blocking.reloading import ReloadedLists
from modest_cli.main import app

CAT = encoded(photo("chelsea"), "PNG")
SHA256 = hashlib.sha256(CAT).hexdigest()
Run = Callable[..., "Ran"]


@dataclass(frozen=True)
class Ran:
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def modest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    (tmp_path / "cat.png").write_bytes(CAT)
    (tmp_path / "flat.png").write_bytes(encoded(Image.new("L", (90, 90), 40), "PNG"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MODEST_LISTS", str(tmp_path / "lists"))

    def run(*arguments: str, stdin: str = "") -> Ran:
        result = CliRunner().invoke(app, ["lists", *arguments], input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ran(result.exit_code, result.stdout, result.stderr)

    return run


def test_an_image_is_hashed_here_listed_and_refused_in_other_files_too(modest: Run, tmp_path: Path) -> None:
    result = modest("add", "--from", "cat.png")
    assert result.returncode == 0
    sha256, pdq = result.stdout.splitlines()
    assert sha256 == f"sha256 {SHA256}"
    assert pdq.startswith("pdq ")
    assert "within a minute" in result.stderr
    lists = ReloadedLists(FilePlace(tmp_path / "lists"))
    lists.check()
    lists.wait(10)
    service = serve(lists=lists)
    for data in (CAT, encoded(photo("chelsea"), "JPEG", quality=70)):
        assert service.client.post("/v1/check", content=data).json()["meta"]["reason"]["list"] == "block"
    assert "Entries removed: 2" in modest("remove", "--from", "cat.png").stderr


@pytest.mark.parametrize(
    ("kinds", "listed"), [(["sha256"], ["sha256"]), (["pdq"], ["pdq"]), (["allow"], ["allow"]), ([], ["sha256", "pdq"])]
)
def test_an_image_is_listed_as_what_is_asked_for(modest: Run, kinds: list[str], listed: list[str]) -> None:
    result = modest("add", *kinds, "--from", "cat.png")
    assert [line.split()[0] for line in result.stdout.splitlines()] == listed


def test_of_an_image_with_little_contour_only_the_file_is_listed_and_the_command_says_why(modest: Run) -> None:
    result = modest("add", "--from", "flat.png")
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["sha256"]
    assert "flat.png: a picture has no PDQ entry" in result.stderr
    assert "a quality of 0, and 50 is the least" in result.stderr
    alone = modest("add", "pdq", "--from", "flat.png")
    assert (alone.returncode, alone.stdout) == (1, "")
    assert "a quality of 0" in alone.stderr


def test_what_is_exported_can_be_imported(modest: Run) -> None:
    modest("add", "host", "Bücher.example", "[2606:2800:220:1::1]")
    modest("add", "allow", "sha256", SHA256)
    modest("add", "pdq", SHA256)
    text = modest("export").stdout
    assert text.splitlines() == [
        f"pdq {SHA256}",
        *("host [2606:2800:220:1::1]", "host xn--bcher-kva.example"),
        f"allow sha256 {SHA256}",
    ]
    table = modest("export", "--format", "csv")
    assert table.stdout.splitlines()[:2] == [
        "collab,signal_type,signal_str,category,tags",
        f"modest,pdq,{SHA256},POSITIVE_CLASS,",
    ]
    assert "because they are allowed: 1" in table.stderr
    for stdin, total in ((text, 4), (table.stdout, 3)):
        assert modest("remove", "--all", "--yes").returncode == 0
        assert f"Entries in the lists: {total}." in modest("import", "-", stdin=stdin).stderr


def test_it_shows_how_many_entries_there_are_and_whether_some_are_there(modest: Run) -> None:
    modest("add", "host", "example.com")
    assert json.loads(modest("show", "--json").stdout) == {
        "entries": {"sha256": 0, "pdq": 0, "host": 1, "allow sha256": 0}
    }
    found = json.loads(modest("show", "--json", "host", "www.example.com", "example.org").stdout)
    assert found == {"host www.example.com": True, "host example.org": False}


@pytest.mark.parametrize("stdin", ["", "# nothing\n"])
@pytest.mark.parametrize("options", [[], ["--replace"], ["--replace", "--yes"]])
def test_a_file_without_entries_never_empties_the_lists(modest: Run, stdin: str, options: list[str]) -> None:
    modest("add", "host", "example.com")
    result = modest("import", "-", *options, stdin=stdin)
    assert result.returncode == 1
    assert "has no entries, so nothing was changed" in result.stderr
    assert modest("export").stdout == "host example.com\n"


def test_lists_that_would_lose_most_of_their_entries_are_replaced_only_after_a_yes(modest: Run, tmp_path: Path) -> None:
    modest("add", "host", *(f"{name}.example" for name in "abcde"))
    (tmp_path / "short").write_text("host z.example\n")
    asked = modest("import", "short", "--replace", stdin="n\n")
    assert (asked.returncode, "Replace 5 entries by 1?" in asked.stderr) == (1, True)
    assert len(modest("export").stdout.splitlines()) == 5
    assert modest("import", "short", "--replace", stdin="y\n").returncode == 0
    assert modest("export").stdout == "host z.example\n"


def test_all_entries_are_removed_only_after_a_yes(modest: Run) -> None:
    modest("add", "host", "example.com")
    assert modest("remove", "--all", stdin="n\n").returncode == 1
    assert modest("export").stdout == "host example.com\n"
    assert modest("remove", "--all", "--yes").returncode == 0
    assert modest("export").stdout == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["add"], "Give an entry"),
        (["add", "host"], "one value"),
        (["add", "picture", "c3a53a96c45b9a69"], "modest lists add --from photo.jpg"),
        (["add", "allow", "pdq", SHA256], "only `allow sha256` is possible"),
        (["add", "host", "--from", "cat.png"], "`sha256`, `pdq` or `allow`"),
        (["add", "--from", "notes.txt"], "notes.txt: The file cannot be read"),
        (["add", "sha256", "\x1b[31m"], "\\x1b[31m"),
        (["import", "missing.txt"], "missing.txt: The file cannot be read"),
        (["import", "."], "a folder, not a file"),
        (["import", "cat.png"], "Line 1: a file of entries is UTF-8"),
        (["add", "host", "a.example", "--at", "s3://bucket"], "must be a path or s3://bucket/key, not 's3://bucket'"),
        (["add", "host", "a.example", "--at", "/dev/zero"], "/dev/zero is not a file"),
        (["add", "host", "a.example#b"], "a host has no path"),
    ],
)
def test_it_says_what_is_wrong_and_changes_nothing(
    modest: Run, arguments: list[str], says: str, tmp_path: Path
) -> None:
    result = modest(*arguments)
    assert result.returncode == 1
    assert says in result.stderr
    assert not (tmp_path / "lists").exists()


def test_what_is_removed_must_be_named(modest: Run) -> None:
    for arguments in ([], ["--all", "host", "example.com"]):
        assert modest("remove", *arguments).returncode == 2


def test_a_laptop_has_lists_that_the_command_changes(tmp_path: Path) -> None:
    (tmp_path / "lists").write_bytes(packed(f"sha256 {SHA256}"))
    with LocalGateway(tmp_path) as gateway:
        with gateway.client(gateway.key("mega")) as client:
            answer = client.post("/v1/check", content=CAT, headers={"Content-Type": "image/png"}).json()
        assert answer["meta"]["reason"] == {"list": "block", "match": "sha256", "distance": 0}
        result = gateway.modest("lists", "add", "host", "example.com")
        assert (result.exit_code, result.stdout) == (0, "host example.com\n")
    assert Lists((tmp_path / "lists").read_bytes()).counts == {"sha256": 1, "pdq": 0, "host": 1, "allow sha256": 0}


@pytest.mark.parametrize("command", [["show"], ["export"], ["add", "host", "a.example"], ["remove", "--all", "--yes"]])
def test_whoever_may_not_reach_s3_is_told_what_to_do(
    modest: Run, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    at = ["--at", "s3://bucket/lists"]
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    without_keys = modest(*command, *at)
    assert (without_keys.returncode, "Run `aws configure`" in without_keys.stderr) == (1, True)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    with mock_aws():
        without_bucket = modest(*command, *at)
    assert (without_bucket.returncode, "bucket does not exist" in without_bucket.stderr) == (1, True)
    with hostile_s3() as s3:
        s3.answers(error(403, "AccessDenied"))
        monkeypatch.setenv("AWS_ENDPOINT_URL", s3.url)
        forbidden = modest(*command, *at)
    assert (forbidden.returncode, "do not allow GetObject" in forbidden.stderr) == (1, True)
