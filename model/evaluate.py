"""Prints how often safe photos are flagged: a Markdown table of each built model, alone and with a second opinion.

All photos in the given folders must be safe, so that every flag is a false positive. Copies of a file count once.
"""

import argparse
import hashlib
from functools import partial
from pathlib import Path

from moderate.images.decode import decode
from moderate.inference.classifier import Classifier
from moderate.inference.judge import Judge
from moderate.inference.second_model import SecondModel
from moderate.scheduling.work import Work
from moderate.verdict import Cuts, Policy, Verdict, verdict

BUILT = Path(__file__).parents[1] / ".build" / "model"
SECOND = "mobilenet_v2_mid"
"""The model that is asked for second opinions."""
SUFFIXES = {".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif", ".heic", ".heif", ".hif", ".bmp"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, help="folders of safe photos")
    parser.add_argument("--models", type=Path, default=BUILT, help="the folder of .onnx files")
    arguments = parser.parse_args()

    photos = find_distinct_photos(arguments.folders)
    print(f"{len(photos)} photos\n\n| model | policy | nsfw | questionable | flagged nsfw |\n|---|---|---|---|---|")
    paths = {path.stem: path for path in sorted(arguments.models.glob("*.onnx"))}
    for name, path in paths.items():
        print_rows(name, Judge(Classifier(path)), photos)
    if SECOND in paths:
        for name in paths.keys() - {SECOND}:
            second = SecondModel(partial(Classifier, paths[SECOND]))
            print_rows(f"{name}, then {SECOND}", Judge(Classifier(paths[name]), second), photos)


def print_rows(title: str, models: Judge, photos: dict[Path, bytes]) -> None:
    verdicts = [(photo.name, judge(models, content)) for photo, content in photos.items()]
    for policy in Policy:
        named = {kind: [name for name, by in verdicts if by[policy] == kind] for kind in Verdict}
        nsfw, questionable = (
            f"{len(named[kind]) / len(photos):.1%} ({len(named[kind])})"
            for kind in (Verdict.NSFW, Verdict.QUESTIONABLE)
        )
        print(f"| {title} | {policy} | {nsfw} | {questionable} | {', '.join(named[Verdict.NSFW])} |")


def find_distinct_photos(folders: list[Path]) -> dict[Path, bytes]:
    photos: dict[Path, bytes] = {}
    seen: set[str] = set()
    for path in sorted(p for folder in folders for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES):
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        if digest not in seen:
            seen.add(digest)
            photos[path] = content
    return photos


def judge(models: Judge, content: bytes) -> dict[Policy, Verdict]:
    """Returns the verdict under each policy. As in the API, the worst view of an image decides."""
    views = decode(content, models.size).views
    found = {policy: models.judge(views, policy, Cuts(), asks=len(views), work=Work()) for policy in Policy}
    return {policy: verdict(max(each.nsfw_score for each in judged), Cuts()) for policy, judged in found.items()}


if __name__ == "__main__":
    main()
