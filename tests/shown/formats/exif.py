"""EXIF blocks that turn a picture, written in ways that readers differ on."""

import struct
from random import Random

SHORT = 3
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF>'
    b"</x:xmpmeta>"
)
"""An orientation that no browser believes."""
_TYPES = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i"}


def turning(random: Random) -> bytes:
    """TIFF data whose orientation may be of any type, count and place."""
    order = random.choice("<>")
    orientation = random.choice([1, 2, 3, 4, 5, 6, 7, 8, 3, 6, 8, 0, 9])
    kind = random.choice([SHORT, SHORT, SHORT, 1, 4, 6, 8, 9, 5, 12])
    count = random.choice([1, 1, 1, 1, 0, 2])
    value = struct.pack(order + _TYPES.get(kind, "H"), orientation).ljust(4, b"\0")
    entries = [struct.pack(order + "HHI", 0x0112, kind, count) + value]
    extra = struct.pack(order + "HHI", 0x0100, 4, 1) + struct.pack(order + "I", 7)
    if random.random() < 0.3:
        entries.insert(random.choice([0, 1]), extra)
    if random.random() < 0.15:
        entries.append(struct.pack(order + "HHIHH", 0x0112, SHORT, 1, random.randint(1, 8), 0))
    start = random.choice([8, 8, 8, 10, 20])
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", random.choice([42, 42, 42, 43]), start)
    return head.ljust(start, b"\0") + struct.pack(order + "H", len(entries)) + b"".join(entries) + bytes(4)
