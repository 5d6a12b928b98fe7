"""What OpenAI says itself that it has billed: costs of whole days, in UTC, some hours late."""

from datetime import datetime, timedelta

import httpx2
import msgspec
import openai

from greenroom.generation.engine import EngineUnavailable
from greenroom.generation.reach import OPENAI, is_loopback
from greenroom_adapters.contract import Secret

__all__ = ["billed"]

TIMEOUT = timedelta(seconds=20)
MOST_DAYS = 180
"""Days of one answer."""
MOST_PAGES = 10
USD = 1_000_000


class _Amount(msgspec.Struct):
    value: float = 0.0
    currency: str = "usd"


class _Result(msgspec.Struct):
    amount: _Amount | None = None


class _Bucket(msgspec.Struct):
    results: list[_Result]


class _Page(msgspec.Struct):
    data: list[_Bucket]
    has_more: bool
    next_page: str | None


_decode = msgspec.json.Decoder(_Page).decode


async def billed(key: Secret, *, since: datetime, project: str | None = None, server: str = OPENAI) -> int:
    """Return what was billed since the beginning of a day in UTC, in millionths of a US dollar. Changes nothing and
    costs nothing.

    :raises EngineUnavailable: it cannot be read, and why, in words for the owner
    """
    timeout = httpx2.Timeout(TIMEOUT.total_seconds())
    client = openai.AsyncOpenAI(
        api_key=key.reveal(),
        admin_api_key=key.reveal(),
        base_url=server,
        max_retries=0,
        http_client=openai.DefaultAsyncHttpxClient(timeout=timeout, trust_env=not is_loopback(server)),
    )
    micros, page = 0.0, ""
    async with client:
        for _ in range(MOST_PAGES):
            try:
                found = _decode(await _page(client, since, project, page))
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise EngineUnavailable("the answer with OpenAI's figures cannot be read") from error
            for amount in (result.amount for bucket in found.data for result in bucket.results):
                if amount is not None and amount.currency.lower() != "usd":
                    raise EngineUnavailable(f"OpenAI bills in {amount.currency}, and this bill is in USD")
                micros += 0 if amount is None else amount.value * USD
            if not found.has_more or not found.next_page:
                return round(micros)
            page = found.next_page
    raise EngineUnavailable("OpenAI's figures do not come to an end")


async def _page(client: openai.AsyncOpenAI, since: datetime, project: str | None, page: str) -> bytes:
    try:
        response = await client.admin.organization.usage.with_raw_response.costs(
            start_time=int(since.timestamp()),
            bucket_width="1d",
            limit=MOST_DAYS,
            project_ids=openai.omit if project is None else [project],
            page=page or openai.omit,
        )
    except openai.APIStatusError as error:
        if error.status_code in (401, 403):
            raise EngineUnavailable(
                "the key of `usage` may not read them: it takes an admin key of the organization"
            ) from error
        raise EngineUnavailable(f"OpenAI answers with status {error.status_code}") from error
    except openai.OpenAIError as error:
        raise EngineUnavailable("OpenAI cannot be reached") from error
    return response.content
