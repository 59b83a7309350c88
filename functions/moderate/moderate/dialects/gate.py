"""Implements `POST /v1/gate`, which answers an upload hook by its status: 204 lets an image pass.

Whatever was not judged in full is no 2xx, and is told from a rejection by its status too. The body is an upload, so
what it says is not obeyed: only the query has parameters.
"""

from collections.abc import Iterator

from fastapi import Request

from moderate.calls.metering import Judged
from moderate.calls.parameters import parse_reject, parse_reject_status
from moderate.dialects.dialect import Route
from moderate.dialects.gate_documentation import DOCUMENTATION
from moderate.dialects.oanor_answers import envelope
from moderate.dialects.oanor_requests import parse_upload
from moderate.dialects.oanor_schema import GateAnswer, GateData
from moderate.dialects.parameter_names import GATE
from moderate.dialects.service import Service, distinct_judged
from moderate.verdict import Verdict, passes
from modest.errors import PublicError
from modest.money import Terms
from modest.prices import covered_by_plan

_NO_CONTENT = 204


def routes(service: Service) -> Iterator[Route]:
    async def gate(request: Request, terms: Terms) -> Judged:
        parsed = await parse_upload(request, GATE)
        reject = parse_reject(parsed.fields.get("reject"))
        status = parse_reject_status(parsed.fields.get("reject_status"))
        rules = service.rules(request, parsed.policy)
        threshold = rules.cuts.nsfw if reject is Verdict.NSFW else rules.cuts.questionable
        (judgement,) = await service.judge(request, [parsed.source], rules, threshold=threshold)
        if isinstance(judgement, PublicError):
            raise judgement
        charge = covered_by_plan(distinct_judged([judgement]), terms)
        if passes(judgement.nsfw_score, threshold):
            return Judged(charge, lambda _charge: None, _NO_CONTENT)
        data = GateData(
            passed=False,
            verdict=judgement.verdict,
            top_class=judgement.scores.top_class.capitalize(),
            nsfw_score=judgement.nsfw_score,
        )
        message = f"Image rejected: its verdict is {judgement.verdict}"
        about = envelope(request.state.request_id, judgement, service.model, message, rules, safe=False)
        answer = GateAnswer(data=data, **about)
        return Judged(charge, lambda _charge: answer, status)

    yield Route("POST", GATE, service.metering.metered(gate), DOCUMENTATION)
