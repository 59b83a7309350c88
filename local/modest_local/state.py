"""Saves the ledger's items and the quota counters to a file, so that they survive a restart.

Keys and plans in API Gateway are not saved, because they follow from the template and the ledger.
"""

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modest_local.meters import MonthlyQuotas, QuotaCounter

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

_BYTES = "base64"


class StateFile:
    def __init__(self, path: Path, client: "DynamoDBClient", table: str) -> None:
        self._path = path
        self._client = client
        self._table = table

    def restore(self, quotas: MonthlyQuotas) -> None:
        if not self._path.is_file():
            return
        state = json.loads(self._path.read_text(), object_hook=_decode)
        for item in state["ledger"]:
            self._client.put_item(TableName=self._table, Item=item)
        quotas.used |= {QuotaCounter(*counter): used for *counter, used in state["months"]}

    def save(self, quotas: MonthlyQuotas) -> None:
        pages = self._client.get_paginator("scan").paginate(TableName=self._table)
        state = {
            "ledger": [item for page in pages for item in page["Items"]],
            "months": [[*counter, used] for counter, used in quotas.used.items()],
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(".new")
        draft.write_text(json.dumps(state, default=_encode))
        draft.replace(self._path)


def _encode(value: Any) -> Any:
    if isinstance(value, bytes):
        return {_BYTES: base64.b64encode(value).decode()}
    raise TypeError(type(value).__name__)


def _decode(value: dict[str, Any]) -> Any:
    return base64.b64decode(value[_BYTES]) if value.keys() == {_BYTES} else value
