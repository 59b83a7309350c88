"""Builds the whole service from the operator's settings."""

import gc

# Objects made while modules are imported stay alive, and checking them for garbage takes a tenth of a cold start.
gc.disable()

import os

# numpy's matrices are small here, and starting threads for them takes a tenth of a cold start.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from fastapi import FastAPI

from moderate.blocking import block_list
from moderate.calls import ledgers
from moderate.calls.authentication import Identify
from moderate.dialects.service import Service
from moderate.fetching.fetcher import Fetcher
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
    with ThreadPoolExecutor(1) as beside:
        opening = beside.submit(ledgers.open_ledger, settings)
        classifier = Classifier(settings.model_path)
        classifier.warm_up()
        second = second_model.find(settings.second_opinion, classifier.model, settings.model_path)
    blocked = block_list.load(settings.block_list, distance=settings.block_distance)
    fetcher = Fetcher(
        allowed_ports=settings.allowed_ports,
        agent=user_agent(VERSION, settings.contact_url),
        refuse_host=blocked.refuse_host,
    )
    pipeline = Pipeline(
        fetcher.fetch,
        classifier,
        cuts=settings.cuts,
        second=second,
        workers=settings.workers,
        spare_workers=spare_workers,
        decode=decoder.decode,
        block_list=blocked,
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
    gc.freeze()
    gc.enable()
    return Composition(settings, classifier, service, app)
