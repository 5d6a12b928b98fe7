"""The way to the Graph API while a person signs in."""

from collections.abc import Mapping
from datetime import timedelta

from greenroom_adapters.contract import Secret
from greenroom_adapters.meta.graph import Graph
from greenroom_adapters.meta.settings import MetaSettings
from greenroom_adapters.transport import system_now

__all__ = ["way"]

DEADLINE = timedelta(seconds=20)


def way(
    known: Mapping[str, str], usual: MetaSettings, *, platform: str, token: Secret | None, app_secret: Secret | None
) -> tuple[Graph, dict[str, str]]:
    """Return the way with this token, not entered, and which of its settings are not the `usual` ones."""
    base_url, version = known.get("base_url", usual.base_url), known.get("version", usual.version)
    graph = Graph(
        base_url,
        version=version,
        platform=platform,
        account="",
        token=token,
        app_secret=app_secret,
        deadline=DEADLINE,
        now=system_now,
    )
    places = {"base_url": (base_url, usual.base_url), "version": (version, usual.version)}
    return graph, {name: here for name, (here, there) in places.items() if here != there}
