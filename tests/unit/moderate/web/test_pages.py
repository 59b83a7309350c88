import asyncio
from typing import Any

from tests.helpers.support import FakeClassifier, FakeFetch, RecordingObserver

from moderate.dialects.service import Service
from moderate.pipeline import Pipeline
from moderate.verdict import Cuts, Policy
from moderate.web.pages import pages
from moderate.web.playground.assembly import assemble


def test_the_openapi_document_is_written_once_however_often_anybody_asks_for_it() -> None:
    written: list[dict[str, Any]] = []

    def document() -> dict[str, Any]:
        written.append({"info": {"title": "Modest", "description": ""}, "paths": {}})
        return written[-1]

    classifier = FakeClassifier()
    pipeline = Pipeline(FakeFetch({}), classifier, cuts=Cuts(), workers=1)
    service = Service(pipeline, classifier.model, Cuts(), Policy.BALANCED, RecordingObserver())
    endpoints = {
        page.path: page.endpoint
        for page in pages(
            service,
            release="test",
            document=document,
            playground=assemble(Cuts(), Policy.BALANCED, contact_url="", keys=True),
        )
    }

    async def ask() -> list[int]:
        return [(await endpoints[path]()).status_code for path in ("/openapi.json", "/openapi.json", "/llms.txt")]

    assert asyncio.run(ask()) == [200] * 3
    assert len(written) == 1
