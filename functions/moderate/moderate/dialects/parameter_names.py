"""Lists the parameters of each route, and finds names that were probably meant as one.

Ignoring such a name would loosen a check that its sender believes to be strict, or leave an image unjudged. Foreign
names are ignored.
"""

from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from typing import Any
from unicodedata import normalize

from moderate.calls.parameters import InvalidRequest

CHECK = "/v1/check"
CLASSIFY = "/v1/classify"
NANOGPT = "/api/nsfw/image"
OPENAI = "/v1/moderations"
MISSKEY = "/v1/detect-images"
GATE = "/v1/gate"
USAGE = "/v1/usage"

PARAMETERS = {
    CHECK: ("url", "base64", "threshold", "policy"),
    CLASSIFY: ("url", "base64", "policy", "explain"),
    NANOGPT: (
        *("image_urls", "imageUrls", "imageUrl", "imageDataUrl", "imageDataUrls"),
        *("model", "policy", "on_error"),
    ),
    OPENAI: ("input", "model", "policy"),
    MISSKEY: (),
    GATE: ("url", "base64", "policy", "reject", "reject_status"),
    USAGE: ("month",),
}

# Comparing a name with all parameters takes up to 0.2 ms.
_MAX_FOREIGN = 32
_MAX_NAME_LENGTH = 32
_SIMILARITY = 0.8
# Names of three letters have many neighbours: only one letter may differ.
_SHORT = 3
_SHORT_SIMILARITY = 0.66
# Shorter names of other routes are ordinary words, such as `model`, and have to be spelt right to be recognised.
_LONG = 6
_NOTHING: tuple[object, ...] = (None, "", [])


def mistake_in(route: str, fields: Iterable[tuple[str, Any]]) -> InvalidRequest | None:
    """Returns what is wrong with the names of a request's fields. Fields without a value and files may have any."""
    own = PARAMETERS[route]
    named = {name for name, value in fields if value not in _NOTHING and not isinstance(value, bytes)}
    foreign = sorted(named - set(own))
    if len(foreign) > _MAX_FOREIGN:
        return _too_many(route)
    return next((mistake for name in foreign if (mistake := _mistake(route, name))), None)


def mistake_in_query(route: str, names: Iterable[str]) -> InvalidRequest | None:
    """Returns an error if the query of a route that reads none has a parameter, of this route or of another."""
    found = sorted(set(names))
    if len(found) > _MAX_FOREIGN:
        return _too_many(route)
    misplaced = sorted({known for name in found if (known := _closest(name, PARAMETERS[route]))})
    if not misplaced:
        return next((mistake for name in found if (mistake := _mistake(route, name))), None)
    return InvalidRequest(
        f"{route} reads no query. Send {_listed(misplaced)} in the JSON body instead.", param=misplaced[0]
    )


def unescaped_url(route: str, names: Iterable[str], urls: Iterable[str]) -> InvalidRequest | None:
    """Returns an error if a URL in a query or form seems to have lost its end, because its `&` was not escaped.

    urls: as they were sent. An ampersand in one, escaped or not, shows that its sender escapes ampersands.
    """
    cut = any("?" in url and "&" not in url and "%26" not in url for url in urls)
    foreign = next((name for name in names if name not in PARAMETERS[route]), None)
    if not cut or foreign is None:
        return None
    return InvalidRequest(
        f"The URL has a query of its own, and {foreign[:_MAX_NAME_LENGTH]!a} is not a parameter of {route}. If it "
        "belongs to the URL, write each & in the URL as %26, as curl --data-urlencode does, or send a POST with JSON. "
        "If not, leave it out.",
        param="url",
    )


def _too_many(route: str) -> InvalidRequest:
    return InvalidRequest(
        f"The request has more than {_MAX_FOREIGN} parameters that {route} does not have. "
        f"It takes {_listed(PARAMETERS[route])}."
    )


def _mistake(route: str, name: str) -> InvalidRequest | None:
    own = PARAMETERS[route]
    if meant := _closest(name, own):
        return InvalidRequest(f"There is no parameter {name!a}. Did you mean {meant}?", param=meant)
    for other, names in PARAMETERS.items():
        if meant := _closest(name, names, least_length=_LONG):
            unknown = "" if name == meant else f"There is no parameter {name!a}. "
            return InvalidRequest(
                f"{unknown}{meant} is a parameter of {other}, not of {route}, which takes {_listed(own)}.", param=meant
            )
    return None


def _closest(name: str, known: Iterable[str], *, least_length: int = 0) -> str | None:
    if len(name) > _MAX_NAME_LENGTH:
        return None
    plain = _plain(name)
    # The matcher prepares its second text once.
    matcher = SequenceMatcher(None, "", plain, autojunk=False)
    similarities = {
        each: 1.0 if _PLAIN[each] == plain else _similarity(matcher, plain, _PLAIN[each], least_length)
        for each in known
    }
    best = max(similarities, key=lambda candidate: (similarities[candidate], candidate == name), default=None)
    return best if best is not None and similarities[best] else None


def _similarity(matcher: SequenceMatcher[str], name: str, known: str, least_length: int) -> float:
    """Returns 0 for a name that is not similar enough."""
    short = len(known) <= _SHORT
    if len(known) < least_length or (short and abs(len(name) - len(known)) > 1):
        return 0
    least = _SHORT_SIMILARITY if short else _SIMILARITY
    matcher.set_seq1(known)
    # The quick ratios are upper bounds.
    if matcher.real_quick_ratio() < least or matcher.quick_ratio() < least:
        return 0
    similarity = matcher.ratio()
    return similarity if similarity >= least else 0


def _plain(name: str) -> str:
    """Returns the name without what spellings differ in: image_url, imageURL and image[url] are one, in any width."""
    return "".join(letter for letter in normalize("NFKC", name).casefold() if letter.isalnum())


_PLAIN = {name: _plain(name) for names in PARAMETERS.values() for name in names}


def _listed(names: Sequence[str]) -> str:
    if not names:
        return "no parameters"
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
