"""The composition root, and the only module that reads the environment."""

import gc

# Whatever is imported stays, and looking through it for garbage again and again takes a tenth of a cold start.
gc.disable()

import os
from concurrent.futures import ThreadPoolExecutor

from moderate import __version__, block_list, ledgers
from moderate.app import create_app
from moderate.callers import from_gateway
from moderate.classifier import Classifier
from moderate.decoder import Decoder
from moderate.dialects.engine import Engine
from moderate.events import lambda_handler
from moderate.fetch import Fetcher
from moderate.marker import user_agent
from moderate.pipeline import Pipeline
from moderate.resolver import limit_lookup_time
from moderate.settings import Settings
from modest.observability import Observer

limit_lookup_time(os.environ)
settings = Settings.from_environ(os.environ)
# First, since its processes start while this one goes on.
decoder = Decoder(settings.workers)
with ThreadPoolExecutor(1) as beside:
    opening = beside.submit(ledgers.opened, settings)
    classifier = Classifier(settings.model_path)
    classifier.warm_up()
blocked = block_list.load(settings.block_list, distance=settings.block_distance)
fetcher = Fetcher(allowed_ports=settings.allowed_ports, agent=user_agent(__version__), refuse_host=blocked.refuse_host)
engine = Engine(
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
app = create_app(engine, identify=from_gateway, release=settings.release, allowed_origin=settings.allowed_origin)
handler = lambda_handler(app)
decoder.warm_up()
gc.freeze()
gc.enable()
