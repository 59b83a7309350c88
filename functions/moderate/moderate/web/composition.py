"""Builds the whole service from the operator's settings."""

# This import comes first, because it prepares the process for a fast start.
from moderate.web import start  # isort: skip

import os
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING

from fastapi import FastAPI

from moderate.blocking.hits import refuse
from moderate.blocking.named_places import place_of
from moderate.blocking.reloading import CurrentLists, FixedLists, ReloadedLists
from moderate.calls import ledgers
from moderate.calls.authentication import Identify
from moderate.dialects.service import Service
from moderate.fetching.resolver import limit_lookup_time
from moderate.fetching.self_reference import user_agent
from moderate.images.sandbox.pool import Decoder
from moderate.inference import second_model
from moderate.inference.classifier import Classifier
from moderate.observability import Observer
from moderate.pipeline import Pipeline
from moderate.settings import Settings
from moderate.version import VERSION
from moderate.web.app import create_app

if TYPE_CHECKING:
    from moderate.fetching.fetcher import Fetcher

# Until the lists are there, calls are judged without them. Lambda allows a start ten seconds.
_SECONDS_FOR_LISTS = 5.0


@dataclass(frozen=True, slots=True)
class Composition:
    settings: Settings
    classifier: Classifier
    service: Service
    app: FastAPI


def build(settings: Settings, identify: Identify, *, spare_workers: int = 0) -> Composition:
    """Returns the whole service, warmed up. Garbage collection ignores what it consists of from then on.

    spare_workers: as in Pipeline.
    """
    limit_lookup_time(os.environ)
    # First, because its processes start in parallel with everything below.
    decoder = Decoder(settings.workers + spare_workers)
    # These are read in parallel with everything below, too.
    lists = ReloadedLists(place_of(settings.lists)) if settings.lists else FixedLists()
    lists.check()
    with ThreadPoolExecutor(1) as beside:
        opening = beside.submit(ledgers.open_ledger, settings)
        classifier = Classifier(settings.model_path)
        classifier.warm_up()
        second = second_model.find(settings.second_opinion, classifier.model, settings.model_path)
    pipeline = Pipeline(
        _fetch_on_demand(settings, lists),
        classifier,
        cuts=settings.cuts,
        second=second,
        workers=settings.workers,
        spare_workers=spare_workers,
        decode=decoder.decode,
        lists=lists,
    )
    service = Service(
        pipeline,
        classifier.model,
        settings.cuts,
        settings.policy,
        Observer(
            level=settings.log_level, service_name=settings.service_name, metrics_enabled=settings.metrics_enabled
        ),
        ledger=opening.result(),
        fail_open=settings.fail_open,
        on_list_hit=settings.on_list_hit,
    )
    app = create_app(
        service,
        identify=identify,
        release=settings.release,
        allowed_origin=settings.allowed_origin,
        contact_url=settings.contact_url,
    )
    decoder.warm_up()
    lists.wait(_SECONDS_FOR_LISTS)
    start.finish()
    return Composition(settings, classifier, service, app)


def _fetch_on_demand(settings: Settings, lists: CurrentLists) -> Callable[[str], Awaitable[bytes]]:
    """Returns what fetches a URL. It loads the HTTP client at the first one, since most calls bring the image along."""

    @cache
    def fetcher() -> "Fetcher":
        from moderate.fetching.fetcher import Fetcher  # noqa: PLC0415

        return Fetcher(
            allowed_ports=settings.allowed_ports,
            agent=user_agent(VERSION, settings.contact_url),
            refuse_host=lambda host: refuse(lists.current.find_host(host), sha256(host.encode()).hexdigest()),
        )

    async def fetch(url: str) -> bytes:
        return await fetcher().fetch(url)

    return fetch
