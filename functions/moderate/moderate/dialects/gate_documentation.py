"""Describes the gate in the OpenAPI document."""

from typing import Any

from moderate.calls.parameters import REJECT_STATUSES, REJECTED
from moderate.dialects.dialect import Documentation
from moderate.dialects.oanor_documentation import EXAMPLE_META, IMAGE, POLICY, bodies_of_bytes, queried
from moderate.dialects.oanor_schema import GateAnswer
from moderate.dialects.schema_refs import referring_to

_PARAMETERS: dict[str, dict[str, Any]] = {
    "policy": POLICY,
    "reject": {
        "type": "string",
        "enum": [*REJECTED],
        "description": f"The verdict from which on an image is rejected. Default: {REJECTED[0]}.",
    },
    "reject_status": {
        "type": "integer",
        "enum": [*REJECT_STATUSES],
        "description": f"The status of a rejection. Default: {REJECT_STATUSES[0]}.",
    },
}
_REJECTED = {
    "data": {"passed": False, "verdict": "nsfw", "top_class": "Porn", "nsfw_score": 0.9731},
    "meta": EXAMPLE_META | {"reason": {"class": "porn"}},
    "status": "ok",
    "message": "Image rejected: its verdict is nsfw",
    "success": True,
}
_REJECTION = {
    "description": "The image was judged and rejected.",
    "content": {"application/json": {"schema": referring_to(GateAnswer), "example": _REJECTED}},
}

DOCUMENTATION: Documentation = {
    "operation_id": "gate",
    "summary": "Let an upload pass or not",
    "description": (
        "204: the image was judged, and passes. 406 (or 403, by `reject_status`): it "
        "was judged and rejected; a body like check's says why. Any other status: it was not judged in full, and does "
        "not pass. Takes one image: as the raw body, as the only file of a form, whose fields are not read, or in the "
        "query, where all parameters stand."
    ),
    "status_code": 204,
    "responses": {204: {"description": "The image passes."}, **dict.fromkeys(REJECT_STATUSES, _REJECTION)},
    "openapi_extra": {
        "parameters": queried(IMAGE | _PARAMETERS),
        "requestBody": {"content": bodies_of_bytes({})},
    },
}
