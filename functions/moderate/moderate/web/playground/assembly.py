"""Puts the playground together: one page that has its style, its scripts and the operator's settings inside."""

import base64
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from fastapi.responses import HTMLResponse

from moderate.images.formats import ACCEPTED
from moderate.sources import MAX_FETCHED, MAX_SENT, MAX_SENT_BYTES
from moderate.verdict import Cuts, Policy
from moderate.web import logo

_HERE = Path(__file__).parent
_SCRIPTS = ("common.js", "images.js", "calls.js", "result.js", "code.js", "start.js")


@dataclass(frozen=True, slots=True)
class Playground:
    html: str
    policy: str
    """What a browser lets the page load and whom it lets it call: nobody but this service, to whom keys belong."""

    def response(self) -> HTMLResponse:
        return HTMLResponse(self.html, headers={"Content-Security-Policy": self.policy})


def assemble(cuts: Cuts, policy: Policy, *, contact_url: str, keys: bool) -> Playground:
    """policy: the default; contact_url: whom to ask for a key, or empty; keys: whether calls need one."""
    style = (_HERE / "style.css").read_text("utf-8")
    script = "\n".join((_HERE / name).read_text("utf-8") for name in _SCRIPTS)
    settings = {
        "cuts": {"questionable": cuts.questionable, "nsfw": cuts.nsfw},
        "policy": policy,
        "contact": contact_url,
        "keys": keys,
        "formats": ACCEPTED,
        "sentBytes": MAX_SENT_BYTES,
        "sent": MAX_SENT,
        "fetched": MAX_FETCHED,
    }
    html = (_HERE / "page.html").read_text("utf-8")
    # A contact's URL cannot hold a <, so nothing here ends the script that it stands in.
    for name, text in (
        ("LOGO", logo.DATA_URL),
        ("STYLE", style),
        ("SETTINGS", json.dumps(settings)),
        ("SCRIPT", script),
    ):
        html = html.replace(f"__{name}__", text)
    allowed = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; img-src 'self' blob: data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return Playground(html, allowed)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
