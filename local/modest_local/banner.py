"""Formats the text that is printed once the gateway accepts calls."""

from collections.abc import Mapping
from pathlib import Path

from modest.plans import Plans
from modest_local.demo import best_key

PICTURE = "tests/fixtures/mosaics/of-both-models/porn.png"

_TEXT = """
Modest is running at {base} and {base}/{stage}, behind an emulation of API Gateway.
Keys, rates, bursts and monthly quotas work as AWS documents them, but this is not AWS.

  plan     calls/month  calls/second  key
{plans}

  NanoGPT's API returns a flag for each of up to ten images:
    printf '{{"imageDataUrl": "data:image/png;base64,%s"}}' "$(base64 < {picture} | tr -d '\\n')" |
      curl {base}/api/nsfw/image -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' -d @-

  oanor's API compares an image's score with a threshold:
    curl --data-binary @{picture} '{base}/v1/check?threshold=0.6' -H 'x-oanor-key: {key}'

  oanor's API also returns all five classes and a verdict:
    curl -F image=@{picture} {base}/v1/classify -H 'x-api-key: {key}'

  This month's usage and charges:
    curl {base}/v1/usage -H 'x-api-key: {key}'

  Playground: {base}/
  Documentation: {base}/docs

  To manage accounts and keys, run in another shell:
    source {state}/operator.env
    .venv/bin/modest keys create acme --plan pro
"""


def format_banner(*, base: str, stage: str, state: Path, plans: Plans, keys: Mapping[str, str]) -> str:
    """state: the folder of the files that a shell may source."""
    rows = [
        f"  {plan.name:<5}  {plan.quota:>13,}  {plan.rate:>12g}  {keys[plan.name.lower()]}" for plan in plans.values()
    ]
    return _TEXT.format(
        base=base,
        stage=stage,
        plans="\n".join(rows),
        picture=PICTURE,
        key=best_key(keys),
        state=state,
    )
