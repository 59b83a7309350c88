"""What every dialect stands on."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from moderate.classifier import Model
from moderate.pipeline import Outcome
from moderate.sources import Source
from moderate.verdict import Cuts, Policy


@dataclass(frozen=True, slots=True)
class Engine:
    judge: Callable[[Sequence[Source], Policy], Awaitable[list[Outcome]]]
    model: Model
    cuts: Cuts
    default_policy: Policy
