"""Which label a picture gets, and which sets of pictures are refused."""

import os
from pathlib import Path

import pytest
from tests.helpers.support import png

from modest_cli.errors import OperatorError
from modest_cli.evaluation.labelled import GROUPS_SHOWN, Truth, find_labelled


def fill(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(png())
    return folder


def groups(path: Path) -> dict[str, str]:
    return {Path(each.found.path).name: each.group for each in find_labelled(str(path)).pictures}


def table(folder: Path, text: bytes) -> Path:
    (folder / "set.csv").write_bytes(text)
    return folder / "set.csv"


def test_folders_name_the_label_and_the_folders_in_them_a_group(tmp_path: Path) -> None:
    fill(tmp_path, "safe/a.png", "safe/people/b.png", "safe/people/more/c.png", "nsfw/d.png")
    assert groups(tmp_path) == {"a.png": "safe", "b.png": "safe/people", "c.png": "safe/people", "d.png": "nsfw"}


def test_five_classes_are_safe_or_nsfw_and_sexy_is_what_the_operator_says(tmp_path: Path) -> None:
    fill(tmp_path, *(f"{name}/{name}.png" for name in ("drawing", "hentai", "neutral", "porn", "sexy")))
    truths = {
        sexy: "".join(each.truth(sexy)[0] for each in find_labelled(str(tmp_path)).pictures)
        for sexy in (Truth.APART, Truth.SAFE, Truth.NSFW)
    }
    assert truths == {Truth.APART: "snsna", Truth.SAFE: "snsns", Truth.NSFW: "snsnn"}


def test_a_table_names_paths_beside_it(tmp_path: Path) -> None:
    fill(tmp_path, "deep/a.png", "b.png")
    text = b"\xef\xbb\xbfPath,Label,group\r\ndeep/a.png,NSFW,\r\n\r\nb.png, safe ,people\r\nbad\xff.png,porn,\r\n"
    found = find_labelled(str(table(tmp_path, text))).pictures
    paths = [os.fsencode(each.found.path).removeprefix(os.fsencode(tmp_path) + b"/") for each in found]
    assert paths == [b"deep/a.png", b"b.png", b"bad\xff.png"]
    assert [each.group for each in found] == ["nsfw", "safe/people", "porn"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "the columns path and label"),
        (b"file,label\na.png,safe\n", "the columns path and label"),
        (b"path,label\na.png,cat\n", "row 2 has the label 'cat'. Labels are safe, nsfw, drawing"),
        (b"path,label\na.png\n", "row 2 has the label ''"),
        (b"path,label\n,safe\n", "row 2 has no path"),
        (b"path,label\na\0.png,safe\n", "row 2 has no path"),
        (b"path,label\n" + b"a" * 200_000 + b",safe\n", "field larger than field limit"),
    ],
)
def test_a_table_that_cannot_be_used_says_what_is_wrong_where(tmp_path: Path, text: bytes, words: str) -> None:
    with pytest.raises(OperatorError, match=words):
        find_labelled(str(table(tmp_path, text)))


def test_what_is_no_set_of_labelled_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"has none of the folders safe/, nsfw/, drawing/"):
        find_labelled(str(tmp_path))
    with pytest.raises(OperatorError, match="No such file"):
        find_labelled(str(tmp_path / "none"))
    fill(tmp_path, "safe/a.png", "porn/b.png")
    with pytest.raises(OperatorError, match="folders of two kinds"):
        find_labelled(str(tmp_path))


def test_what_is_passed_over_or_missing_is_said(tmp_path: Path) -> None:
    fill(tmp_path, "safe/a.png", "maybe/b.png", "c.png")
    (tmp_path / "nsfw").mkdir()
    (tmp_path / "safe/notes.txt").write_text("no picture")
    found = find_labelled(str(tmp_path))
    assert [Path(each.found.path).name for each in found.pictures] == ["a.png"]
    assert found.notes == (
        f"There are no pictures in {tmp_path / 'nsfw'}.",
        "Other files, not images: 1.",
        "Files and folders beside nsfw, safe, which are not looked at: 2.",
    )


def test_links_between_labels_and_in_circles_are_not_followed(tmp_path: Path) -> None:
    fill(tmp_path, "safe/a.png", "nsfw/b.png")
    (tmp_path / "safe/circle").symlink_to("..")
    (tmp_path / "safe/others").symlink_to("../nsfw")
    found = {Path(each.found.path).name: each.found.refusal for each in find_labelled(str(tmp_path)).pictures}
    assert {name for name, refusal in found.items() if refusal} == {"circle", "others"}
    assert len(found) == 4


def test_too_many_groups_are_not_shown_apart(tmp_path: Path) -> None:
    fill(tmp_path, *(f"safe/{number}/a.png" for number in range(GROUPS_SHOWN + 1)))
    found = find_labelled(str(tmp_path))
    assert {each.group for each in found.pictures} == {"safe"}
    assert "too many" in found.notes[0]
