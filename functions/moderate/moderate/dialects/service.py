"""What every dialect stands on."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from moderate.block_list import PolicyViolation
from moderate.booking import Booking
from moderate.classifier import Model
from moderate.errors import problem_of
from moderate.ledgers import Ledger, NoLedger
from moderate.pipeline import Outcome, Pipeline
from moderate.sources import Source, refuse_more_than_fits
from moderate.verdict import Cuts, Policy
from modest.errors import PublicError
from modest.observability import Observer


@dataclass(frozen=True, slots=True)
class Engine:
    pipeline: Pipeline
    model: Model
    cuts: Cuts
    default_policy: Policy
    observer: Observer
    ledger: Ledger = field(default_factory=NoLedger)
    fail_open: bool = False
    """Whether calls are judged for nothing while the ledger cannot be reached."""

    @property
    def booking(self) -> Booking:
        return Booking(self.ledger, self.observer, fail_open=self.fail_open)

    async def judge(self, sources: Sequence[Source], policy: Policy, *, explain: bool = False) -> list[Outcome]:
        """As Pipeline.judge, and counted. Raises ImageTooLarge where the images sent are too large together."""
        refuse_more_than_fits(sources)
        outcomes = await self.pipeline.judge(sources, policy, explain=explain)
        self.observer.images(_result(outcome) for outcome in outcomes)
        self.observer.blocked({outcome.detail for outcome in outcomes if isinstance(outcome, PolicyViolation)})
        return outcomes


def _result(outcome: Outcome) -> str:
    return problem_of(outcome).code if isinstance(outcome, PublicError) else outcome.verdict
