"""Closes connections that uvicorn would leave open for ever, or that cost more than they send."""

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

HEAD_SECONDS = 10.0
"""How long the head of a request may take to arrive."""
_MANY_PARTS = 1000
_MIN_MEAN_BYTES = 512
"""What a body has at least in each part of it on average, once it came in many: a part takes 5 µs, however small."""


class Connection(H11Protocol):
    head_seconds = HEAD_SECONDS

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.conn = _Parser(h11.SERVER)
        self._head_due: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._limit_head()

    def data_received(self, data: bytes) -> None:
        try:
            super().data_received(data)
        except h11.LocalProtocolError:
            # The body turned out to be malformed after its request was answered.
            self.transport.close()
        self._limit_head()

    def send_400_response(self, msg: str) -> None:
        """Answers what is malformed in the application's place, which must not answer as well."""
        # uvicorn's annotation leaves out that there is none at first.
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None:
            cycle.disconnected = True
        super().send_400_response(msg)

    def _limit_head(self) -> None:
        """Goes on with uvicorn's timer for idle connections, which ends at the first byte of a request."""
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            self._head_due = None
            return
        self._head_due = self._head_due or self.loop.time() + self.head_seconds
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_at(self._head_due, self.timeout_keep_alive_handler)


class _Parser(h11.Connection):
    def next_event(self) -> Any:
        """Raises h11.RemoteProtocolError for a body of tiny parts, too."""
        event = super().next_event()
        if isinstance(event, h11.Request):
            self._parts = self._bytes = 0
        elif isinstance(event, h11.Data):
            self._parts += 1
            self._bytes += len(event.data)
            if self._parts > _MANY_PARTS and self._bytes < self._parts * _MIN_MEAN_BYTES:
                raise h11.RemoteProtocolError("a body of tiny parts")
        return event
