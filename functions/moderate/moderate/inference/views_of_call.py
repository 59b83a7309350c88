"""Bounds the work of the models in one call."""

from threading import Lock

from moderate.images.limits import MAX_VIEWS_OF_CALL, MAX_VIEWS_OF_STILL

# How many views the first model judges in the time that a second opinion takes: 1.7 with the default models.
_VIEWS_IN_A_SECOND_OPINION = 2


class Views:
    """Shares out the views that are judged in one call: to each image as many as a still has, the rest to animations.

    So no still is refused because of what is sent with it.
    """

    def __init__(self, images: int) -> None:
        self._share = MAX_VIEWS_OF_CALL // max(1, images)
        self._spare = MAX_VIEWS_OF_CALL - images * MAX_VIEWS_OF_STILL
        self._lock = Lock()

    def take(self, views: int) -> int:
        """Returns how many of an image's views may be judged: those that a still has, and what is left of the rest."""
        own = min(views, MAX_VIEWS_OF_STILL)
        with self._lock:
            more = max(0, min(views - own, self._spare))
            self._spare -= more
        return own + more

    def with_second_opinions(self, judged: int) -> int:
        """Returns on how many of the views of an image there may be a second opinion.

        As many as a still has, or as there is time for in what is left of the image's equal share. What the other
        images show makes no difference, so that answers are repeatable.
        """
        return max(min(judged, MAX_VIEWS_OF_STILL), (self._share - judged) // _VIEWS_IN_A_SECOND_OPINION)
