"""Holds the values that examples in the OpenAPI document share."""

REQUEST_ID = "eb816e53-5961-4837-8f20-e3477e10a3ad"
TIMESTAMP = "2026-05-31T03:47:44.172Z"
MODEL = {"name": "mobilenet_v2", "version": "nsfwjs-4.4.0"}
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4//8/AAX+Av4N70a4AAAAAElFTkSuQmCC"
"""A white PNG of one pixel, in base64."""
DIGEST = "e878950f8091ec010cf5cc723bdea027a8539cf7147cfea199c2f666232dcd4e"
"""That of PIXEL's bytes."""
OTHER_DIGEST = "ae448ac86c4e8e4dec645729708ef41873ae79c6dff84eff73360989487f08e5"
