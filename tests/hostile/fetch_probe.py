"""Fetches every URL named on standard input with the shipped fetcher; prints what came of each, as JSON."""

import asyncio
import hashlib
import json
import os
import sys
import time

from moderate.fetching.fetcher import Fetcher
from moderate.fetching.resolver import limit_lookup_time
from modest.errors import PublicError


async def outcome(fetcher: Fetcher, url: str) -> dict[str, object]:
    start = time.monotonic()
    try:
        result = hashlib.sha256(await fetcher.fetch(url)).hexdigest()
    except PublicError as error:
        result = type(error).__name__
    return {"url": url, "result": result, "seconds": time.monotonic() - start}


async def main(urls: list[str]) -> list[dict[str, object]]:
    fetcher = Fetcher()
    return await asyncio.gather(*[outcome(fetcher, url) for url in urls])


if __name__ == "__main__":
    limit_lookup_time(os.environ)
    json.dump(asyncio.run(main(json.load(sys.stdin))), sys.stdout)
