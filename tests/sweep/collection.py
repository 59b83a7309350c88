"""Keeps what was found in packages, so that a run that was interrupted goes on where it stopped."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.sweep.archives import images_in
from tests.sweep.corpora import Corpus

MOST_OF_A_PACKAGE = 250
"""Some packages have thousands of icons or charts that are all alike."""


@dataclass(frozen=True, slots=True)
class Specimen:
    digest: str
    format: str
    """Its title."""
    path: str
    """Inside the package."""
    package: str

    def file(self, folder: Path) -> Path:
        """A name with a suffix that browsers know."""
        return folder / "files" / f"{self.digest}.{self.format.partition('/')[0].lower()}"


def collect(corpora: Iterable[Corpus], folder: Path) -> list[Specimen]:
    """Returns each image once, though several packages have it. Whoever wants one finds it in `folder`.

    A package that its registry has no longer is named, and left out.
    """
    (folder / "files").mkdir(parents=True, exist_ok=True)
    return list(distinct(specimen for corpus in corpora for specimen in _specimens(corpus, folder)))


def sample(specimens: Sequence[Specimen], most: int = MOST_OF_A_PACKAGE) -> list[Specimen]:
    """Returns so many at most, drawn by their digests: by chance, and the same ones each time."""
    return sorted(distinct(specimens), key=lambda specimen: specimen.digest)[:most]


def distinct(specimens: Iterable[Specimen]) -> Iterator[Specimen]:
    seen = set()
    for specimen in specimens:
        if specimen.digest not in seen:
            seen.add(specimen.digest)
            yield specimen


def _specimens(corpus: Corpus, folder: Path) -> list[Specimen]:
    listed = folder / f"{corpus.name}.json"
    if not listed.exists():
        try:
            found = sample(_unpacked(corpus, folder))
        except subprocess.CalledProcessError as error:
            print(f"{corpus.title} cannot be fetched: {error}", flush=True)
            return []
        for path in (folder / "unpacked").iterdir():
            if path.name in {specimen.file(folder).name for specimen in found}:
                path.rename(folder / "files" / path.name)
        shutil.rmtree(folder / "unpacked")
        listed.write_text(json.dumps([asdict(specimen) for specimen in found], indent=0))
        print(f"{corpus.name}: {len(found)} images", flush=True)
    return [Specimen(**known) for known in json.loads(listed.read_text())]


def _unpacked(corpus: Corpus, folder: Path) -> list[Specimen]:
    fetched, unpacked = folder / "fetched", folder / "unpacked"
    for emptied in (fetched, unpacked):
        shutil.rmtree(emptied, ignore_errors=True)
        emptied.mkdir()
    corpus.fetch(fetched)
    specimens = []
    for archive in sorted(fetched.iterdir()):
        for found in images_in(archive):
            digest = hashlib.sha256(found.data).hexdigest()
            specimen = Specimen(digest, found.format.title, found.path, corpus.title)
            (unpacked / specimen.file(folder).name).write_bytes(found.data)
            specimens.append(specimen)
    shutil.rmtree(fetched)
    return specimens
