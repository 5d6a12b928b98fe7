"""Finds the channel that a post goes to: by id or name, or the direct conversation with a person."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

from greenroom_adapters.contract import AdapterError, Forbidden, Post, TargetGone
from greenroom_adapters.discord.api import Api
from greenroom_adapters.discord.places import Place, Places
from greenroom_adapters.discord.plan import Plan

__all__ = ["Channels"]


class Channels:
    """The channels of one account, as places to speak in."""

    def __init__(self, api: Api, places: Places, *, survey: Callable[[], Awaitable[object]]) -> None:
        self._api = api
        self._places = places
        self._survey = survey

    async def channel_for(self, plan: Plan, post: Post) -> str:
        """Return the id of the channel, which is known from then on; a direct conversation that is not there yet is
        begun.

        :raises PostRejected: there is no such channel, or no such person, or the bot does not serve its server
        """
        if post.direct_to is not None:
            direct = await self._api.direct(post.direct_to)
            self._places.learn_channel(direct)
            return direct.id
        if not plan.is_settled:
            return (await self.called(plan.channel)).id
        self.check(await self.known(plan.channel))
        return plan.channel

    async def known(self, channel: str) -> Place | None:
        """Return what is known of a channel; when that is nothing, it is asked for."""
        if channel not in self._places:
            self._places.learn_channel(await self._api.channel(channel))
        return self._places.get(channel)

    async def called(self, name: str) -> Place:
        """Return the channel with this id, or the only one with this name, written as `#log`.

        :raises Forbidden: there is none, or there are several
        """
        found = self._places.called(name)
        if name.isdecimal():
            with suppress(TargetGone):
                found = [place for place in (await self.known(name),) if place is not None]
        elif len(found) != 1:
            # What was learnt while listening may be old, or nothing when nobody listens.
            await self._survey()
            found = self._places.called(name)
        if len(found) == 1:
            self.check(found[0])
            return found[0]
        if found:
            raise self._error(f"several channels are called {name}: say which by its id")
        raise self._error(
            f"there is no channel {name} in the servers that the bot serves (channels have names only in those that "
            "`servers` lists, or else in the first that it was in)"
        )

    def check(self, place: Place | None) -> None:
        """See whether messages may be said there, as far as it is known.

        :raises Forbidden: they may not
        """
        if place is not None and not self._places.serves(place.guild):
            raise self._error("the bot does not serve that server")

    def _error(self, words: str) -> AdapterError:
        return self._api.http.error(Forbidden, words)
