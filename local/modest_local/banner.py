"""What is printed once the gateway listens."""

from collections.abc import Mapping

from modest.plans import Plans
from modest_local.aws import CREDENTIALS

PICTURE = "tests/fixtures/mosaics/porn.png"

_TEXT = """
Modest is listening on {base} and on {base}/{stage}, behind an emulation of API Gateway:
keys, rates, bursts and months hold as AWS documents them. It is not AWS.

  plan   calls a month  a second  key
{plans}

  NanoGPT's API, a flag for each of up to ten images:
    printf '{{"imageDataUrl": "data:image/png;base64,%s"}}' "$(base64 < {picture} | tr -d '\\n')" |
      curl {base}/api/nsfw/image -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' -d @-

  oanor's API, safe or not against a threshold:
    curl --data-binary @{picture} '{base}/v1/check?threshold=0.6' -H 'x-oanor-key: {key}'

  oanor's API, all five classes and a verdict:
    curl -F image=@{picture} {base}/v1/classify -H 'x-api-key: {key}'

  what is used of the month, and charged:
    curl {base}/v1/usage -H 'x-api-key: {key}'

  a page to try it on: {base}/
  documentation: {base}/docs

  the operator's command against it, from another shell:
    export AWS_ENDPOINT_URL={aws} {credentials}
    .venv/bin/modest keys create acme --plan pro
"""


def banner(*, base: str, stage: str, aws: str, plans: Plans, keys: Mapping[str, str]) -> str:
    rows = [
        f"  {plan.name:<5}  {plan.quota:>13,}  {plan.rate:>8g}  {keys[plan.name.lower()]}" for plan in plans.values()
    ]
    return _TEXT.format(
        base=base,
        stage=stage,
        plans="\n".join(rows),
        picture=PICTURE,
        # The largest plan's, so that trying things out is not throttled.
        key=list(keys.values())[-1],
        aws=aws,
        credentials=" ".join(f"{name}={value}" for name, value in CREDENTIALS.items()),
    )
