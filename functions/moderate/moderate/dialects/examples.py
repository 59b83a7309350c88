"""Holds the values that examples in the OpenAPI document share."""

REQUEST_ID = "eb816e53-5961-4837-8f20-e3477e10a3ad"
TIMESTAMP = "2026-05-31T03:47:44.172Z"
MODEL = {"name": "mobilenet_v2", "version": "nsfwjs-4.4.0"}
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4//8/AAX+Av4N70a4AAAAAElFTkSuQmCC"
"""A white PNG of one pixel, in base64."""
