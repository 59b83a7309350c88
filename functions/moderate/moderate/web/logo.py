"""Serves the logo, which the pages also carry inside, so that they need no further call for it."""

import base64
from pathlib import Path

from fastapi.responses import Response

_SVG = (Path(__file__).parent / "logo.svg").read_bytes()
DATA_URL = f"data:image/svg+xml;base64,{base64.b64encode(_SVG).decode()}"


async def favicon() -> Response:
    """Browsers ask for /favicon.ico on their own if they show an answer that names no icon, such as JSON."""
    # As text, an SVG arrives whole whatever the caller accepts: API Gateway would send others an ICO in base64.
    return Response(_SVG, media_type="image/svg+xml", headers={"Cache-Control": "public, max-age=604800"})
