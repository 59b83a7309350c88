"""Writes answers in JSON."""

from fastapi.responses import JSONResponse


class JsonAnswer(JSONResponse):
    """Ends with a newline, so that a terminal's next prompt begins on a line of its own."""

    def render(self, content: object) -> bytes:
        return super().render(content) + b"\n"
