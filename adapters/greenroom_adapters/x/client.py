"""tweepy's client of API v2 on our transport: any host, deadlines, and errors that tell the outcome."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import aiohttp

# mypy and pyright: the package ships no types.
from tweepy.asynchronous import AsyncClient  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs]
from typing_extensions import override

from greenroom_adapters.contract import AuthenticationFailed
from greenroom_adapters.transport import Answer, Effect, Form, Http, doubted
from greenroom_adapters.x.signing import Signer

__all__ = ["Client"]


class Client(AsyncClient):  # type: ignore[misc]  # untyped, so for mypy any class at all
    """Routes, parameters and signing as tweepy knows them.

    tweepy writes its host into the code, opens its own sessions, reads every error as JSON and waits out limits by
    itself; all of that is in the one method that is replaced here. What it offers and what it parses stay apart: every
    call returns the `Answer`, as it came.
    """

    def __init__(self, http: Http, signer: Signer, *, base_url: str, renamed: Mapping[str, str]) -> None:
        # The type of answer that tweepy hands through without a look at it.
        super().__init__(return_type=aiohttp.ClientResponse)  # pyright: ignore[reportUnknownMemberType, reportArgumentType]  # no types
        self._http = http
        self._signer = signer
        self._base = base_url.rstrip("/")
        self._renamed = renamed

    @override
    async def request(
        self,
        method: str,
        route: str,
        params: Mapping[str, Any] | None = None,
        json: object = None,
        user_auth: bool = True,
        *,
        form: Form | None = None,
        effect: Effect = Effect.REPEATABLE,
        deadline: timedelta | None = None,
    ) -> Answer:
        """Send one request, signed; once more with renewed credentials when X does not take them, and where there are
        no others with the same, if that does no harm (`doubted`).

        :raises AdapterError: as `Http.call` says
        """
        query = {self._renamed.get(name, name): str(value) for name, value in sorted((params or {}).items())}
        url = f"{self._base}{route}?{urlencode(query)}" if query else f"{self._base}{route}"
        for is_last in (False, True):
            signed = await self._signer.headers(method, url)
            try:
                return await self._http.call(
                    method, route, effect=effect, query=query, json=json, form=form, headers=signed, deadline=deadline
                )
            except AuthenticationFailed:
                # A post too may go again with other credentials, though X has no key by which it would know it: what
                # was refused for its credentials "has not been applied" (RFC 9110, section 15.5.2). A lost answer is
                # another error, and never ends here.
                if is_last or not (await self._signer.renew(signed) or await doubted(effect)):
                    raise
        raise AssertionError("a loop of two tries returns or raises")
