"""What an adapter opens while it is entered is closed, however that ends."""

from contextlib import AsyncExitStack

import pytest
from typing_extensions import override

from greenroom_adapters.contract import Unavailable
from greenroom_adapters.stage import StageAdapter
from greenroom_adapters.stage.settings import StageSettings
from greenroom_adapters.transport import entered


class Opening(StageAdapter):
    """Opens two things, and notes when they are closed."""

    def __init__(self, *, is_away: bool = False) -> None:
        super().__init__(StageSettings(), account="home")
        self.is_away = is_away
        self.closed: list[str] = []

    @override
    async def _enter(self, stack: AsyncExitStack) -> None:
        for name in ("first", "second"):
            stack.push_async_callback(self.note, name)
        if self.is_away:
            raise Unavailable("the platform is away")

    async def note(self, name: str) -> None:
        self.closed.append(name)


@pytest.mark.asyncio
async def test_leaving_closes_in_reverse_order_and_once() -> None:
    adapter = Opening()
    async with adapter:
        assert adapter.closed == []
    await adapter.__aexit__(None, None, None)
    assert adapter.closed == ["second", "first"]


@pytest.mark.asyncio
async def test_an_adapter_that_cannot_sign_in_has_nothing_open() -> None:
    adapter = Opening(is_away=True)
    with pytest.raises(Unavailable):
        await adapter.__aenter__()
    assert adapter.closed == ["second", "first"]
    await adapter.__aexit__(None, None, None)
    assert adapter.closed == ["second", "first"]


def test_what_an_adapter_has_only_once_it_is_entered_says_so_before() -> None:
    assert entered("") == ""
    with pytest.raises(RuntimeError, match="enter the adapter"):
        _ = StageAdapter(StageSettings(), account="home").capabilities
