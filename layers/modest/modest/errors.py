"""The base class of every error whose message a client may read."""


class PublicError(Exception):
    """Raised where something goes wrong. Only `moderate.calls.problems` knows the status and code that it becomes.

    message: for the client: what is wrong and what to do about it. It never holds image bytes, an upstream body, an
        IP address or a key.
    detail: for the log only, under the same rules; it may also name an exception class or hold a number.
    param: the request field that is at fault, if there is one.
    """

    def __init__(self, message: str, *, detail: str = "", param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail
        self.param = param
