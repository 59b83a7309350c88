"""Prints how often safe photos would be flagged, as a Markdown table per built model and policy.

Give it folders of photos that are safe: every flag is then a false one. Copies of one file count once.
"""

import argparse
import hashlib
from pathlib import Path

from moderate.images.decode import decode
from moderate.inference.classifier import Classifier
from moderate.verdict import Cuts, Policy, Verdict, nsfw_score, verdict

BUILT = Path(__file__).parents[1] / ".build" / "model"
SUFFIXES = {".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif", ".bmp"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--models", type=Path, default=BUILT, help="folder of .onnx files")
    arguments = parser.parse_args()

    photos = distinct(arguments.folders)
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


def distinct(folders: list[Path]) -> dict[Path, bytes]:
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
    """As the API does: an image counts by its worst view."""
    views = [classifier.classify(view) for view in decode(content, classifier.model.size).views]
    return {policy: verdict(max(nsfw_score(scores, policy) for scores in views), Cuts()) for policy in Policy}


if __name__ == "__main__":
    main()
