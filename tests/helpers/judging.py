"""Sends one image through the whole pipeline."""

import asyncio

from tests.helpers.support import FakeFetch

from moderate.inference.classifier import Classifier
from moderate.pipeline import Judgement, Pipeline
from moderate.sources import ImageBytes
from moderate.verdict import Cuts, Policy
from modest.errors import PublicError


def judge(classifier: Classifier, data: bytes, policy: Policy = Policy.BALANCED) -> Judgement:
    """Raises what the pipeline found wrong with the image."""
    pipeline = Pipeline(FakeFetch({}), classifier, cuts=Cuts(), workers=1)
    (outcome,) = asyncio.run(pipeline.judge([ImageBytes(data)], policy))
    if isinstance(outcome, PublicError):
        raise outcome
    return outcome
