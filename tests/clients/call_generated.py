"""Calls every operation with the client that openapi-python-client made: {folder, url, key, photo} on stdin.

Prints the operation, the type of body, the status, the type of the answer and the answer of each call. It runs in the
environment of the tool, which has what generated clients import.
"""

import base64
import inspect
import json
import pkgutil
import sys
from collections.abc import Iterator
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any

given = json.load(sys.stdin)
sys.path.insert(0, given["folder"])
client = import_module("modest_client").AuthenticatedClient(
    given["url"], token=given["key"], prefix="", auth_header_name="x-api-key", timeout=given["seconds"]
)
models = import_module("modest_client.models")
api = import_module("modest_client.api")
types = import_module("modest_client.types")
photo = Path(given["photo"]).read_bytes()
text = base64.b64encode(photo).decode()
data_url = f"data:image/png;base64,{text}"


def arguments(operation: str) -> Iterator[dict[str, Any]]:
    """Yields what to call it with: once for each type of body."""
    match operation:
        case "nanogpt_image":
            yield {"body": models.NanogptImageBody(image_data_url=data_url)}
        case "openai_moderations":
            part = {"type": "image_url", "image_url": {"url": data_url}}
            yield {"body": models.OpenaiModerationsBody.from_dict({"input": [part]})}
        case "misskey_detect_images":
            yield {"body": models.MisskeyDetectImagesBody(image0=types.File(BytesIO(photo), "photo.png"))}
        case "gate":
            yield {"body": models.GateFilesBody(image=types.File(BytesIO(photo), "photo.png"))}
            yield {"body": types.File(BytesIO(photo))}
            yield {"base64": text}
        case "oanor_check_get" | "oanor_classify_get":
            yield {"base64": text}
        case "oanor_check_post" | "oanor_classify_post":
            name = "".join(word.capitalize() for word in operation.split("_"))
            yield {"body": getattr(models, f"{name}JsonBody")(base64=text)}
            yield {"body": getattr(models, f"{name}DataBody")(base64=text)}
            yield {"body": getattr(models, f"{name}FilesBody")(image=types.File(BytesIO(photo), "photo.png"))}
            yield {"body": types.File(BytesIO(photo)), "idempotency_key": operation}
        case _:
            yield {}


def called(module: Any, operation: str) -> Iterator[dict[str, Any]]:
    for each in arguments(operation):
        answer = module.sync_detailed(client=client, **each)
        parsed = answer.parsed
        yield {
            "operation": operation,
            "body": type(each["body"]).__name__ if "body" in each else None,
            "status": answer.status_code,
            "type": type(parsed).__name__,
            "answer": parsed.to_dict() if hasattr(parsed, "to_dict") else None,
        }


operations = [
    import_module(module.name) for module in pkgutil.walk_packages(api.__path__, f"{api.__name__}.") if not module.ispkg
]
calls = [call for module in operations for call in called(module, inspect.getmodulename(str(module.__file__)) or "")]
json.dump(calls, sys.stdout)
