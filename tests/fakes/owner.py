"""What an account's owner has: a terminal before him, and a drawer that outlives the account's adapters."""

from collections import deque
from collections.abc import Awaitable, Callable
from typing import NoReturn

from greenroom_adapters.contract import Secret

__all__ = ["Drawer", "Person"]


class Person:
    """Somebody before a terminal, who answers in this order."""

    def __init__(self, *answers: str) -> None:
        self._answers = deque(answers)
        self.told: list[str] = []

    def tell(self, text: str) -> None:
        self.told.append(text)

    async def ask(self, question: str, *, default: str = "") -> str:
        self.told.append(question)
        return self._answers.popleft() or default

    async def ask_secret(self, question: str) -> Secret:
        return Secret(await self.ask(question))

    async def visit(self, address: Callable[[str], Awaitable[str]]) -> NoReturn:
        raise AssertionError("no browser is needed")


class Drawer:
    """A place to keep things in, as a bot gives it to its accounts."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    async def load(self, name: str) -> bytes | None:
        return self.kept.get(name)

    async def store(self, name: str, value: bytes) -> None:
        self.kept[name] = value
