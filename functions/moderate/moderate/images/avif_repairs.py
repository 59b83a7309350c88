"""Rewrites what libavif refuses in an AVIF and browsers do not, without moving anything else in the file."""

from moderate.images.boxes import boxes, inside_if_any, written

_AFTER_VERSION, _BEFORE_USES = 4, 8


def with_one_list_of_uses(data: bytes) -> bytes:
    """Returns the file with one list of which properties each item has: libavif refuses two of one version.

    Nothing else moves, because unused space takes the place of what is spared.
    """
    described = bytes(inside_if_any(inside_if_any(data, b"meta")[_AFTER_VERSION:], b"iprp"))
    parts = list(boxes(described))
    lists = [content for kind, content in parts if kind == b"ipma"]
    if len(lists) <= 1 or len({content[:_AFTER_VERSION] for content in lists}) > 1:
        return data
    count = sum(int.from_bytes(content[_AFTER_VERSION:_BEFORE_USES]) for content in lists)
    uses = b"".join([lists[0][:_AFTER_VERSION], count.to_bytes(4), *(content[_BEFORE_USES:] for content in lists)])
    others = [written(kind, content) for kind, content in parts if kind != b"ipma"]
    known, one = written(b"iprp", described), written(b"iprp", *others, written(b"ipma", uses))
    unused = written(b"free", bytes(len(known) - len(one) - len(written(b"free"))))
    return data.replace(known, one + unused, 1)
