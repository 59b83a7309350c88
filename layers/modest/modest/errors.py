"""The root of every error that a client may be told about."""


class PublicError(Exception):
    """Raised where something goes wrong; `moderate.errors` alone knows the status and code it becomes.

    message: for the client; says what was wrong and what to do. Never holds image bytes, an upstream
        body, an IP address or a key.
    detail: for the log alone; held to the same rules, but may name an exception class or a figure.
    param: the request field at fault, where there is one.
    """

    def __init__(self, message: str, *, detail: str = "", param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail
        self.param = param
