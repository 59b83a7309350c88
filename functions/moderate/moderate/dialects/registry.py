"""Lists the published APIs that are served, and finds the one that answers for a path."""

from collections.abc import Iterable

from moderate.dialects import misskey, nanogpt, oanor, openai
from moderate.dialects.dialect import Dialect

DIALECTS = (
    nanogpt.DIALECT,
    openai.DIALECT,
    oanor.DIALECT,
    misskey.DIALECT,
)
# Its envelope is flat, so any client can read it.
FALLBACK = oanor.DIALECT


def dialect_of(path: str, dialects: Iterable[Dialect] = DIALECTS) -> Dialect:
    """Returns the dialect with the longest prefix that fits the path, or FALLBACK if none fits."""
    fitting = {prefix: dialect for dialect in dialects for prefix in dialect.prefixes if path.startswith(prefix)}
    return fitting[max(fitting, key=len)] if fitting else FALLBACK
