"""What the sweep takes out of packages."""

import io
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from tests.helpers.support import encoded
from tests.sweep.archives import images_in
from tests.sweep.collection import Specimen, collect, sample
from tests.sweep.corpora import Corpus, corpora
from tests.sweep.debian import sources_list

PHOTO = encoded(Image.new("RGB", (4, 4), (1, 2, 3)), "PNG")
FILES = {"a/photo.txt": PHOTO, "../../outside.png": PHOTO, "/root.gif": b"GIF89a nothing", "a/readme.png": b"a text"}


def tar(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:xz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        link = tarfile.TarInfo("link.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return path


def packed(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize(("name", "pack"), [("x.tar.xz", tar), ("x.whl", packed)])
def test_images_are_known_by_their_first_bytes_and_not_by_their_names(tmp_path: Path, name: str, pack: object) -> None:
    assert callable(pack)
    found = [(image.path, image.format.name) for image in images_in(pack(tmp_path / name, FILES))]
    assert found == [("a/photo.txt", "PNG"), ("../../outside.png", "PNG"), ("/root.gif", "GIF")]


def test_a_file_that_is_too_large_to_fetch_is_left_out(tmp_path: Path) -> None:
    assert list(images_in(tar(tmp_path / "x.tar.xz", {"large.png": PHOTO + bytes(10 * 1024 * 1024)}))) == []


def test_what_is_no_archive_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "x.dsc").write_text("a description")
    assert list(images_in(tmp_path / "x.dsc")) == []


class Packed(Corpus):
    """A package that lies in a folder here."""

    def fetch(self, folder: Path) -> None:
        tar(folder / "x.tar.xz", FILES)


class Gone(Corpus):
    """A package that cannot be fetched any more."""

    def fetch(self, folder: Path) -> None:
        raise subprocess.CalledProcessError(1, str(folder))


def test_each_content_is_kept_once_and_a_second_run_fetches_nothing(tmp_path: Path) -> None:
    packages = [Packed("npm", "@a/b", "1"), Packed("npm", "c", "1")]
    found = collect(packages, tmp_path)
    assert {specimen.package for specimen in found} == {"@a/b 1"}
    assert {specimen.file(tmp_path).read_bytes() for specimen in found} == {PHOTO, b"GIF89a nothing"}
    assert len(list((tmp_path / "files").iterdir())) == len(found) == 2
    assert collect([Gone("npm", "@a/b", "1"), Gone("npm", "c", "1")], tmp_path) == found


def test_a_package_that_cannot_be_fetched_is_named_and_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = collect([Gone("npm", "a", "1"), Packed("npm", "c", "1")], tmp_path)
    assert "a 1 cannot be fetched" in capsys.readouterr().out
    assert {specimen.package for specimen in found} == {"c 1"}


def test_a_sample_is_the_same_whatever_the_order() -> None:
    specimens = [Specimen(f"{number:03}", "PNG", "x.png", "p 1") for number in range(9)]
    assert sample(specimens[::-1] * 2, 4) == sample(specimens, 4) == specimens[:4]


def test_each_release_is_asked_for_binaries_and_sources_and_not_for_updates() -> None:
    targets = ["stable main", "stable main", "stable-updates main", "other main"]
    listed = sources_list("".join(f"http://mirror/ {target}\n" for target in targets))
    assert listed.splitlines() == [
        "deb http://mirror/ other main",
        "deb-src http://mirror/ other main",
        "deb http://mirror/ stable main",
        "deb-src http://mirror/ stable main",
    ]


def test_no_two_packages_share_a_name_in_the_folder() -> None:
    names = [corpus.name for corpus in corpora()]
    assert len(set(names)) == len(names)
    assert not any("/" in name for name in names)
