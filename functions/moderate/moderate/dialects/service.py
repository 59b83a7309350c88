"""Provides what every dialect builds on."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from fastapi import Request

from moderate.blocking.block_list import PolicyViolation
from moderate.calls.disconnects import while_connected
from moderate.calls.metering import Metering, Unmetered
from moderate.calls.problems import problem_of
from moderate.images.limits import DecoderDied
from moderate.inference.model_file import Model
from moderate.observability import Observer
from moderate.pipeline import Outcome, Pipeline
from moderate.sources import Source, refuse_more_than_fits
from moderate.verdict import Cuts, Policy
from modest.errors import PublicError
from modest.ledger.ledger import Ledger


@dataclass(frozen=True)
class Service:
    pipeline: Pipeline
    model: Model
    cuts: Cuts
    default_policy: Policy
    observer: Observer
    ledger: Ledger | None = None
    """None: nothing is counted, and nobody is charged."""
    fail_open: bool = False
    """Whether calls are judged free of charge while the ledger cannot be reached."""

    @cached_property
    def metering(self) -> Metering | Unmetered:
        return (
            Metering(self.ledger, self.observer, fail_open=self.fail_open) if self.ledger is not None else Unmetered()
        )

    async def judge(
        self,
        request: Request,
        sources: Sequence[Source],
        policy: Policy,
        *,
        threshold: float | None = None,
        explain: bool = False,
    ) -> list[Outcome]:
        """Runs `Pipeline.judge` and records logs and metrics.

        Raises ImageTooLarge if the images sent are too many, and CallerGone.
        """
        refuse_more_than_fits(sources)
        judged = self.pipeline.judge(
            sources, policy, caller=request.state.key_hash, threshold=threshold, explain=explain
        )
        outcomes = await while_connected(request, judged)
        refusals = [outcome for outcome in outcomes if isinstance(outcome, PublicError)]
        # The middleware writes this to the call's log line.
        request.state.refused_images = [{"code": problem_of(error).code, "detail": error.detail} for error in refusals]
        self.observer.images(_result(outcome) for outcome in outcomes)
        judgements = [outcome for outcome in outcomes if not isinstance(outcome, PublicError)]
        self.observer.second_opinions(
            asked=sum(judgement.second_opinion is not None for judgement in judgements),
            unflagged=sum(judgement.was_unflagged for judgement in judgements),
        )
        self.observer.decoder_deaths([error.detail for error in refusals if isinstance(error, DecoderDied)])
        self.observer.blocked({error.detail for error in refusals if isinstance(error, PolicyViolation)})
        return outcomes


def _result(outcome: Outcome) -> str:
    return problem_of(outcome).code if isinstance(outcome, PublicError) else outcome.verdict
