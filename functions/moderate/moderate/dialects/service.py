"""Provides what every dialect builds on."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property

from fastapi import Request

from moderate.blocking.hits import OnListHit, PolicyViolation
from moderate.calls.account_policy import InvalidAccountPolicy, Rules, rules_from, to_number
from moderate.calls.disconnects import while_connected
from moderate.calls.metering import Metering, Unmetered
from moderate.calls.problems import problem_of
from moderate.images.limits import DecoderDied
from moderate.inference.model_file import Model
from moderate.observability import Observer
from moderate.pipeline import Judgement, Outcome, Pipeline, judgement_of
from moderate.sources import Source, refuse_more_than_fits
from moderate.verdict import Cuts, Policy
from modest.accounts.records import Account
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
    on_list_hit: OnListHit = OnListHit.VERDICT

    @cached_property
    def metering(self) -> Metering | Unmetered:
        return (
            Metering(self.ledger, self.observer, fail_open=self.fail_open) if self.ledger is not None else Unmetered()
        )

    def rules(self, request: Request, policy: Policy | None) -> Rules:
        """Returns the rules of a call: its account's or, if it names a policy, that one with the operator's cuts.

        Raises InvalidAccountPolicy.
        """
        if policy is not None:
            return replace(self._operator_rules, policy=policy)
        return self.account_rules(getattr(request.state, "account", None))

    def account_rules(self, account: Account | None) -> Rules:
        """account: None if it is not known. Raises InvalidAccountPolicy."""
        if account is None:
            return self._operator_rules
        try:
            return rules_from(account.policy, self._operator_rules)
        except InvalidAccountPolicy as error:
            self.observer.ledger_failure("policy", f"the policy of {account.id} is invalid: {error}", free=False)
            raise

    @property
    def _operator_rules(self) -> Rules:
        return Rules(self.default_policy, self.cuts)

    async def judge(
        self,
        request: Request,
        sources: Sequence[Source],
        rules: Rules,
        *,
        threshold: float | None = None,
        explain: bool = False,
        list_hits_are_errors: bool = False,
    ) -> list[Outcome]:
        """Runs `Pipeline.judge` and records logs and metrics.

        list_hits_are_errors: whether the API says so, whatever the operator has chosen.

        Raises ImageTooLarge if the images sent are too many, and CallerGone.
        """
        refuse_more_than_fits(sources)
        # Metering writes this to the call's entry, so that its verdicts can be explained later.
        request.state.judged_by = rules.to_item() | ({} if threshold is None else {"threshold": to_number(threshold)})
        judged = self.pipeline.judge(
            sources,
            rules.policy,
            cuts=rules.cuts,
            caller=request.state.key_hash,
            threshold=threshold,
            explain=explain,
        )
        found = await while_connected(request, judged)
        listed = [outcome for outcome in found if isinstance(outcome, PolicyViolation)]
        self.observer.blocked({hit.detail for hit in listed})
        if listed:
            request.state.judged_by["list_hits"] = [asdict(hit.hit) for hit in listed]
        errors = list_hits_are_errors or self.on_list_hit is OnListHit.ERROR
        outcomes = found if errors else list(map(_as_verdict, found))
        lists = self.pipeline.lists.take_report()
        self.observer.lists(read=lists.read, late=lists.late, failures=lists.failures)
        refusals = [outcome for outcome in outcomes if isinstance(outcome, PublicError)]
        # The middleware writes this to the call's log line.
        request.state.refused_images = [{"code": problem_of(error).code, "detail": error.detail} for error in refusals]
        self.observer.images(_result(outcome) for outcome in found)
        judgements = [outcome for outcome in outcomes if not isinstance(outcome, PublicError)]
        # Metering writes these to the call's entry, too.
        digests = dict.fromkeys(judgement.digest for judgement in judgements)
        request.state.digests = [bytes.fromhex(digest) for digest in digests if digest is not None]
        self.observer.second_opinions(
            asked=sum(judgement.second_opinion is not None for judgement in judgements),
            unflagged=sum(judgement.was_unflagged for judgement in judgements),
        )
        self.observer.decoder_deaths([error.detail for error in refusals if isinstance(error, DecoderDied)])
        return outcomes


def distinct_judged(outcomes: Iterable[Outcome]) -> int:
    """Returns how many distinct images were judged, which is how many are charged."""
    return len({outcome.digest for outcome in outcomes if isinstance(outcome, Judgement) and outcome.was_judged})


def _as_verdict(outcome: Outcome) -> Outcome:
    return judgement_of(outcome) if isinstance(outcome, PolicyViolation) else outcome


def _result(outcome: Outcome) -> str:
    return problem_of(outcome).code if isinstance(outcome, PublicError) else outcome.verdict
