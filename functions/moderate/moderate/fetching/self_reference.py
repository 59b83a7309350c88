"""Marks the requests that this service makes, so that it can refuse to call itself in a loop."""

from collections.abc import Iterable

VIA = "1.1 modest"
_PURPOSE = "image moderation"


def user_agent(version: str, contact: str = "") -> str:
    """contact: a URL that tells the owners of servers who calls them; empty if the operator has set none."""
    return f"Modest/{version} ({_PURPOSE}{f'; +{contact}' if contact else ''})"


def carries_own_marker(headers: Iterable[tuple[str, str]]) -> bool:
    """Returns whether a request came from this service or another deployment of it."""
    return any(_is_marked(name.lower(), value.lower()) for name, value in headers)


def _is_marked(name: str, value: str) -> bool:
    if name == "via":
        return any(hop.split()[1:2] == ["modest"] for hop in value.split(","))
    # A gateway may drop Via.
    return name == "user-agent" and value.startswith("modest/") and _PURPOSE in value
