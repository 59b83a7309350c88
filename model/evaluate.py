"""Prints how often safe photos are flagged, as a Markdown table with a row for each built model and policy.

All photos in the given folders must be safe, so that every flag is a false positive. Copies of a file count once.
"""

import argparse
import hashlib
from pathlib import Path

from moderate.images.decode import decode
from moderate.inference.classifier import Classifier
from moderate.verdict import Cuts, Policy, Verdict, nsfw_score, verdict

BUILT = Path(__file__).parents[1] / ".build" / "model"
SUFFIXES = {".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif", ".heic", ".heif", ".hif", ".bmp"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, help="folders of safe photos")
    parser.add_argument("--models", type=Path, default=BUILT, help="the folder of .onnx files")
    arguments = parser.parse_args()

    photos = find_distinct_photos(arguments.folders)
    print(f"{len(photos)} photos\n\n| model | policy | nsfw | questionable | flagged nsfw |\n|---|---|---|---|---|")
    for path in sorted(arguments.models.glob("*.onnx")):
        classifier = Classifier(path)
        verdicts = [(photo.name, judge(classifier, content)) for photo, content in photos.items()]
        for policy in Policy:
            named = {kind: [name for name, by in verdicts if by[policy] == kind] for kind in Verdict}
            nsfw, questionable = (
                f"{len(named[kind]) / len(photos):.1%} ({len(named[kind])})"
                for kind in (Verdict.NSFW, Verdict.QUESTIONABLE)
            )
            print(f"| `{path.stem}` | {policy} | {nsfw} | {questionable} | {', '.join(named[Verdict.NSFW])} |")


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


def judge(classifier: Classifier, content: bytes) -> dict[Policy, Verdict]:
    """Returns the verdict under each policy. As in the API, the worst view of an image decides."""
    views = [classifier.classify(view) for view in decode(content, classifier.model.size).views]
    return {policy: verdict(max(nsfw_score(scores, policy) for scores in views), Cuts()) for policy in Policy}


if __name__ == "__main__":
    main()
