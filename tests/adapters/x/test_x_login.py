"""A person signs an account in, with the names of X's own switches, and what comes out of it works."""

from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import fields
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import pytest
from x_world import XWorld

from greenroom_adapters.contract import AuthenticationFailed, ConfigurationError, Credentials, Secret, SupportsLogin
from greenroom_adapters.x import XAdapter, XSettings

WorldOf = Callable[..., XWorld]
CALLBACK = "http://127.0.0.1:40123/back"


class Person:
    """Somebody before a terminal, who answers in this order."""

    def __init__(self, world: XWorld, *answers: str) -> None:
        self._world = world
        self._answers = deque(answers)
        self.told: list[str] = []
        self.came_back: dict[str, str] = {}
        """What else stands in the address with which his browser comes back."""

    def tell(self, text: str) -> None:
        self.told.append(text)

    async def ask(self, question: str, *, default: str = "") -> str:
        self.told.append(question)
        if question.startswith("Press Enter"):
            self._world.server.callbacks.append(CALLBACK)
            return ""
        return self._answers.popleft() or default

    async def ask_secret(self, question: str) -> Secret:
        self.told.append(question)
        return Secret(self._answers.popleft())

    async def visit(self, address: Callable[[str], Awaitable[str]]) -> Mapping[str, str]:
        asked = await address(CALLBACK)
        async with aiohttp.ClientSession() as browser, browser.get(asked, allow_redirects=False) as page:
            assert page.status == 302, "X shows an error of its own"
            went = urlsplit(page.headers["Location"])
        return dict(parse_qsl(went.query)) | self.came_back


def keys_of(world: XWorld) -> tuple[str, ...]:
    given = (world.settings.api_key, world.settings.api_secret, world.settings.token, world.settings.token_secret)
    return tuple(secret.reveal() for secret in given if secret is not None)


async def log_in(world: XWorld, person: Person) -> Credentials:
    assert issubclass(XAdapter, SupportsLogin)
    found = await XAdapter.login(person, {"base_url": world.proxy.url})
    assert {*found.settings, *found.secrets} <= {field.name for field in fields(XSettings)}
    return found


@pytest.mark.asyncio
async def test_the_four_secrets_are_asked_for_and_tried(x_world: WorldOf) -> None:
    world = x_world()
    person = Person(world, "yes", *keys_of(world), "no")
    found = await log_in(world, person)
    assert found.handle == "lightbot"
    assert set(found.secrets) == {"api_key", "api_secret", "token", "token_secret"}
    assert any("Read and write and Direct message" in text for text in person.told)
    assert any("held" in note for note in found.notes)
    secrets: dict[str, Any] = dict(found.secrets)
    settings = XSettings(base_url=found.settings["base_url"], **secrets)
    async with XAdapter(settings, account="home") as adapter:
        assert adapter.me.handle == "lightbot"
        assert adapter.capabilities.holds_answers is not None


@pytest.mark.asyncio
async def test_wrong_secrets_are_not_kept(x_world: WorldOf) -> None:
    world = x_world()
    with pytest.raises(AuthenticationFailed):
        await log_in(world, Person(world, "yes", *keys_of(world)[:3], "wrong-secret", "no"))


@pytest.mark.asyncio
async def test_another_account_says_yes_in_its_browser(x_world: WorldOf) -> None:
    world = x_world()
    world.server.consenting = world.bot
    person = Person(world, "no", "client-of-tests", "client-secret-of-tests", "yes")
    found = await log_in(world, person)
    assert (found.handle, found.settings["client_id"]) == ("lightbot", "client-of-tests")
    assert set(found.secrets) == {"refresh_token", "client_secret"}
    assert any(CALLBACK in text for text in person.told), "X knows only addresses that it is told"
    assert any("ai_replies_approved: true" in note for note in found.notes)


@pytest.mark.asyncio
async def test_a_no_in_the_browser_and_somebody_elses_yes_are_told(x_world: WorldOf) -> None:
    world = x_world()
    with pytest.raises(AuthenticationFailed, match="access_denied"):
        await log_in(world, Person(world, "no", "client-of-tests", "secret-of-tests", "yes"))
    world.server.consenting = world.bot
    person = Person(world, "no", "client-of-tests", "secret-of-tests", "yes")
    person.came_back = {"state": "of another one"}
    with pytest.raises(AuthenticationFailed, match="another sign-in"):
        await log_in(world, person)
    with pytest.raises(ConfigurationError, match="Client ID"):
        await log_in(world, Person(world, "no", "", "", "yes"))


@pytest.mark.parametrize(
    ("answers", "note"), [((" YES",), "write `ai"), (("",), "until X has approved"), (("perhaps", "Yes"), "write `ai")]
)
@pytest.mark.asyncio
async def test_only_a_yes_or_a_no_counts_as_an_answer(x_world: WorldOf, answers: tuple[str, ...], note: str) -> None:
    world = x_world()
    person = Person(world, "y", *keys_of(world), *(answer.strip() for answer in answers))
    found = await log_in(world, person)
    assert any(note in one for one in found.notes)
    assert [text for text in person.told if text.endswith("[y/N]")], "nothing means no, and it says so"
    assert person.told.count("Answer y for yes or n for no.") == len(answers) - 1


@pytest.mark.asyncio
async def test_who_answers_nothing_that_could_be_meant_is_asked_no_more(x_world: WorldOf) -> None:
    world = x_world()
    with pytest.raises(ConfigurationError, match="neither a yes nor a no"):
        await log_in(world, Person(world, *["perhaps"] * 9))
