"""The composition root, and the only module that reads the environment."""

import gc

# Whatever is imported stays, and looking through it for garbage again and again takes a tenth of a cold start.
gc.disable()

import os

# numpy's matrices are small here, and threads for them would take a tenth of a cold start.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

from concurrent.futures import ThreadPoolExecutor

from moderate.blocking import block_list
from moderate.calls import ledgers
from moderate.calls.authentication import from_gateway
from moderate.dialects.service import Service
from moderate.fetching.fetcher import Fetcher
from moderate.fetching.resolver import limit_lookup_time
from moderate.fetching.self_reference import user_agent
from moderate.images.sandbox.pool import Decoder
from moderate.inference.classifier import Classifier
from moderate.observability import Observer
from moderate.pipeline import Pipeline
from moderate.settings import Settings
from moderate.version import VERSION
from moderate.web.app import create_app
from moderate.web.lambda_events import lambda_handler

limit_lookup_time(os.environ)
settings = Settings.from_environ(os.environ)
# First, since its processes start while this one goes on.
decoder = Decoder(settings.workers)
with ThreadPoolExecutor(1) as beside:
    opening = beside.submit(ledgers.open_ledger, settings)
    classifier = Classifier(settings.model_path)
    classifier.warm_up()
blocked = block_list.load(settings.block_list, distance=settings.block_distance)
fetcher = Fetcher(allowed_ports=settings.allowed_ports, agent=user_agent(VERSION), refuse_host=blocked.refuse_host)
service = Service(
    pipeline=Pipeline(
        fetcher.fetch,
        classifier,
        cuts=settings.cuts,
        workers=settings.workers,
        decode=decoder.decode,
        block_list=blocked,
    ),
    model=classifier.model,
    cuts=settings.cuts,
    default_policy=settings.policy,
    observer=Observer(level=settings.log_level, metrics_enabled=settings.metrics_enabled),
    ledger=opening.result(),
    fail_open=settings.fail_open,
)
app = create_app(service, identify=from_gateway, release=settings.release, allowed_origin=settings.allowed_origin)
handler = lambda_handler(app)
decoder.warm_up()
gc.freeze()
gc.enable()
