"""What the OpenAPI document's examples share."""

REQUEST_ID = "eb816e53-5961-4837-8f20-e3477e10a3ad"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4//8/AAX+Av4N70a4AAAAAElFTkSuQmCC"
"""A white PNG of one pixel, in base64."""
