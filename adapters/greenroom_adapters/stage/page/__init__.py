"""The Stage's page: the social network as a person sees it, rendered on the server, kept live by a small script."""

from greenroom_adapters.stage.page.guard import Guard
from greenroom_adapters.stage.page.site import routes

__all__ = ["Guard", "routes"]
