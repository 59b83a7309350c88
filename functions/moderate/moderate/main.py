"""Builds the service from the environment when Lambda imports this module."""

# This import comes first, because it prepares the process for a fast start.
from moderate.web.composition import build  # isort: skip

import os

from moderate.calls.authentication import from_gateway
from moderate.settings import Settings
from moderate.web.lambda_events import lambda_handler

handler = lambda_handler(build(Settings.from_environ(os.environ), from_gateway).app)
