"""Implements oanor's `/v1/check` and `/v1/classify`, which take one image and return a verdict.

The record includes `/v1/gate` and `/v1/usage`, which are our own routes in oanor's envelope.
"""

from collections.abc import Iterator

from fastapi import Request

from moderate.calls.account_policy import Rules
from moderate.calls.answers import JsonAnswer
from moderate.calls.metering import Judged
from moderate.calls.parameters import Explain, parse_explain, parse_threshold
from moderate.calls.problems import Problem
from moderate.dialects import gate, usage
from moderate.dialects.dialect import Dialect, Route
from moderate.dialects.oanor_answers import classified, envelope
from moderate.dialects.oanor_documentation import documentation
from moderate.dialects.oanor_requests import ParsedRequest, parse
from moderate.dialects.oanor_schema import (
    CheckAnswer,
    CheckData,
    ClassifyAnswer,
    Envelope,
    GateAnswer,
    OanorError,
    new_meta,
)
from moderate.dialects.parameter_names import CHECK, CLASSIFY
from moderate.dialects.service import Service, distinct_judged
from moderate.dialects.usage_schema import UsageAnswer
from moderate.pipeline import Judgement
from moderate.verdict import passes
from modest.errors import PublicError
from modest.money import Terms
from modest.prices import covered_by_plan

PREFIXES = ("/v1", "/nsfw-api/v1")
"""The first is documented; the second is where oanor itself has these routes."""


def routes(service: Service) -> Iterator[Route]:
    async def check(request: Request, terms: Terms) -> Judged:
        parsed = await parse(request, CHECK)
        rules = service.rules(request, parsed.policy)
        threshold = parse_threshold(parsed.fields.get("threshold"), rules.cuts.nsfw)
        judgement = await judge(request, parsed, rules, threshold=threshold)
        safe = passes(judgement.nsfw_score, threshold)
        data = CheckData(
            safe=safe,
            threshold=threshold,
            top_class=judgement.scores.top_class.capitalize(),
            nsfw_score=judgement.nsfw_score,
        )
        answer = CheckAnswer(data=data, **envelope_of(request, rules, judgement, "Image checked", safe=safe))
        answer["meta"]["verdict"] = judgement.verdict
        return Judged(covered_by_plan(distinct_judged([judgement]), terms), lambda _charge: answer)

    async def classify(request: Request, terms: Terms) -> Judged:
        parsed = await parse(request, CLASSIFY)
        explain = parse_explain(parsed.fields.get("explain"))
        rules = service.rules(request, parsed.policy)
        judgement = await judge(request, parsed, rules, explain=explain is not Explain.NOTHING)
        unexplained = explain is not Explain.NOTHING and judgement.heatmaps is None and judgement.was_judged
        message = "Image classified; its model makes no heat maps" if unexplained else "Image classified"
        data = classified(judgement, explain, service.model.size)
        answer = ClassifyAnswer(data=data, **envelope_of(request, rules, judgement, message, safe=data["safe"]))
        return Judged(covered_by_plan(distinct_judged([judgement]), terms), lambda _charge: answer)

    async def judge(
        request: Request, parsed: ParsedRequest, rules: Rules, *, threshold: float | None = None, explain: bool = False
    ) -> Judgement:
        (outcome,) = await service.judge(request, [parsed.source], rules, threshold=threshold, explain=explain)
        if isinstance(outcome, PublicError):
            raise outcome
        return outcome

    def envelope_of(request: Request, rules: Rules, judgement: Judgement, message: str, *, safe: bool) -> Envelope:
        if not judgement.was_judged:
            message = "Image found on a list"
        return envelope(request.state.request_id, judgement, service.model, message, rules, safe=safe)

    for prefix in PREFIXES:
        documented = prefix == PREFIXES[0]
        for name, judged in (("check", check), ("classify", classify)):
            for method in ("GET", "POST"):
                about = documentation(name, method, service.cuts) if documented else None
                yield Route(method, f"{prefix}/{name}", service.metering.metered(judged), about)
    yield from gate.routes(service)
    yield from usage.routes(service)


def error_response(problem: Problem, request_id: str, _error: Exception | None) -> JsonAnswer:
    content = OanorError(
        data=None,
        meta=new_meta(request_id),
        status="error",
        success=False,
        message=problem.message,
        error=problem.message,
        code=problem.code,
        param=problem.param,
    )
    return JsonAnswer(content, problem.status)


DIALECT = Dialect(
    name="oanor",
    prefixes=PREFIXES,
    routes=routes,
    answers=(CheckAnswer, ClassifyAnswer, GateAnswer, UsageAnswer),
    error=OanorError,
    error_response=error_response,
)
