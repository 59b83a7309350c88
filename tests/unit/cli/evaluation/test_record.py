"""Scores that are kept are read again if, and only if, they are those that would be made now."""

from pathlib import Path

import pytest

from modest_cli.errors import OperatorError
from modest_cli.evaluation.record import open_record
from modest_cli.evaluation.scoring import Scored

IDENTITY = {"models": {"one": "a"}, "compared": [["one", "balanced"]], "cuts": {"nsfw": 0.6}, "code": "1"}
SCORED = {"aa": Scored((0.25,)), "bb": Scored((0.5,), in_part=True)}


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "scores.jsonl"
    with open_record(path, IDENTITY) as record:
        for digest, scored in SCORED.items():
            record.add(digest, scored)
    return path


def test_what_was_kept_is_known_again(written: Path) -> None:
    with open_record(written, IDENTITY) as record:
        assert record.known == SCORED
        record.add("cc", Scored((1.0,)))
    with open_record(written, IDENTITY) as record:
        assert record.known.keys() == {"aa", "bb", "cc"}


def test_a_line_that_was_not_written_to_its_end_is_dropped(written: Path) -> None:
    whole = written.read_bytes()
    written.write_bytes(whole[:-5])
    with open_record(written, IDENTITY) as record:
        assert record.known.keys() == {"aa"}
        record.add("bb", SCORED["bb"])
    assert written.read_bytes() == whole


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"models": {"one": "b"}}, "other models"),
        ({"compared": [["one", "strict"]]}, "other models"),
        ({"cuts": {"nsfw": 0.5}}, "other cuts"),
        ({"code": "2", "cuts": {}}, "another version of the code and other cuts"),
    ],
)
def test_scores_by_other_models_code_or_cuts_are_refused_and_kept(
    written: Path, changed: dict[str, object], words: str
) -> None:
    before = written.read_bytes()
    with pytest.raises(OperatorError, match=words), open_record(written, IDENTITY | changed):
        pass
    assert written.read_bytes() == before


@pytest.mark.parametrize("content", [b"my diary\n", b"[1]\n", b"\0" * 100_000, b"{}\n", b"[" * 60_000])
def test_a_file_of_something_else_is_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "other").write_bytes(content)
    with pytest.raises(OperatorError, match="holds no scores"), open_record(tmp_path / "other", IDENTITY):
        pass
    assert (tmp_path / "other").read_bytes() == content


@pytest.mark.parametrize("row", [b"{}", b"x", b'{"sha256": "a", "in_part": false, "scores": [0.1, 0.2]}'])
def test_a_damaged_row_is_refused(written: Path, row: bytes) -> None:
    with written.open("ab") as file:
        file.write(row + b"\n")
    with pytest.raises(OperatorError, match="is damaged"), open_record(written, IDENTITY):
        pass


def test_two_runs_do_not_write_one_file(written: Path) -> None:
    with (
        open_record(written, IDENTITY),
        pytest.raises(OperatorError, match="in use by another run"),
        open_record(written, IDENTITY),
    ):
        pass


def test_what_cannot_be_written_says_so(tmp_path: Path) -> None:
    for path, words in ((tmp_path, "Is a directory"), (tmp_path / "none" / "file", "No such file")):
        with pytest.raises(OperatorError, match=words), open_record(path, IDENTITY):
            pass
