"""What every dialect stands on."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from moderate.blocking.block_list import PolicyViolation
from moderate.calls.ledgers import Ledger, NoLedger
from moderate.calls.metering import Metering
from moderate.calls.problems import problem_of
from moderate.images.limits import DecoderDied
from moderate.inference.classifier import Model
from moderate.observability import Observer
from moderate.pipeline import Outcome, Pipeline
from moderate.sources import Source, refuse_more_than_fits
from moderate.verdict import Cuts, Policy
from modest.errors import PublicError


@dataclass(frozen=True, slots=True)
class Service:
    pipeline: Pipeline
    model: Model
    cuts: Cuts
    default_policy: Policy
    observer: Observer
    ledger: Ledger = field(default_factory=NoLedger)
    fail_open: bool = False
    """Whether calls are judged for nothing while the ledger cannot be reached."""

    @property
    def metering(self) -> Metering:
        return Metering(self.ledger, self.observer, fail_open=self.fail_open)

    async def judge(self, sources: Sequence[Source], policy: Policy, *, explain: bool = False) -> list[Outcome]:
        """As Pipeline.judge, and counted. Raises ImageTooLarge where the images sent are too large together."""
        refuse_more_than_fits(sources)
        outcomes = await self.pipeline.judge(sources, policy, explain=explain)
        self.observer.images(_result(outcome) for outcome in outcomes)
        self.observer.decoder_deaths([outcome.detail for outcome in outcomes if isinstance(outcome, DecoderDied)])
        self.observer.blocked({outcome.detail for outcome in outcomes if isinstance(outcome, PolicyViolation)})
        return outcomes


def _result(outcome: Outcome) -> str:
    return problem_of(outcome).code if isinstance(outcome, PublicError) else outcome.verdict
