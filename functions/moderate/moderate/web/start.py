"""Prepares the process for a fast start. It is imported before everything else that the service consists of."""

import gc
import os

# Objects made while modules are imported stay alive, and checking them for garbage takes a tenth of a cold start.
gc.disable()
# numpy's matrices are small here, and starting threads for them takes a tenth of a cold start.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

from pydantic import BaseModel

# FastAPI describes OpenAPI in forty models, and pydantic would make a validator for each. Nothing is validated by them
# until somebody asks for the document; then pydantic makes those that it needs.
BaseModel.model_config["defer_build"] = True
import fastapi  # noqa: F401

del BaseModel.model_config["defer_build"]

from moderate.scheduling.memory import give_memory_back


def finish() -> None:
    """Turns garbage collection on again. It ignores what the service consists of by now.

    What was needed only to start is given back to the system.
    """
    gc.freeze()
    gc.enable()
    give_memory_back()
