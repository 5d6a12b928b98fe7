"""What an account writes for its platform becomes the adapter's own settings."""

from collections.abc import Callable
from dataclasses import dataclass, make_dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from greenroom.settings import BotFile, Mistakes, Platforms, SecretMissing, load_bot, settings_for
from greenroom.settings.accounts import settings_model
from greenroom_adapters.contract import Adapter, ConfigurationError, Secret
from greenroom_adapters.stage import StageAdapter

ACCOUNT = """\
bot: ada
persona: ada.yaml
accounts:
  home:
    platform: harbour
    live: false
    server: https://harbour.example
    token: {env: TOKEN}
    keys: [{env: TOKEN}, {env: OTHER}]
    berths: east
    patience: 2 minutes
    depth: 5
    tide: 1
    lit: true
    flag: green
    side: starboard
    chart: charts/sea.png
"""


def load_text(folder: Path, text: str, platforms: Platforms | None = None) -> BotFile:
    path = folder / "bot.yaml"
    path.write_text(text, encoding="utf-8")
    return load_bot(path, platforms=platforms)


def built(bot: BotFile, adapter: type[Adapter], environ: dict[str, str]) -> Any:
    assert bot.file is not None
    return settings_for(
        "home", bot.accounts["home"], file=bot.file, adapter=adapter, environ=environ, warn=lambda _: None
    )


def test_every_kind_of_setting_arrives_in_its_own_type(
    folder: Path, platforms: Platforms, harbour: type[Adapter]
) -> None:
    bot = load_text(folder, ACCOUNT, platforms)
    assert not bot.accounts["home"].live
    found = built(bot, harbour, {"TOKEN": "t", "OTHER": "o"})
    assert found == harbour.Settings(
        server="https://harbour.example",
        token=Secret("t"),
        keys=(Secret("t"), Secret("o")),
        berths=("east",),
        patience=timedelta(minutes=2),
        depth=5,
        tide=1.0,
        lit=True,
        flag="green",
        side="starboard",
        chart=folder / "charts/sea.png",
        buoys=(),
    )


def test_what_is_not_written_keeps_the_adapters_default(load: Callable[[str], BotFile], harbour: type[Adapter]) -> None:
    assert built(load(""), harbour, {}) == harbour.Settings()


def test_a_missing_secret_names_its_place_and_its_account(folder: Path, harbour: type[Adapter]) -> None:
    bot = load_text(folder, ACCOUNT)
    with pytest.raises(SecretMissing, match="account `home` needs a secret from the environment variable OTHER"):
        built(bot, harbour, {"TOKEN": "t"})


def test_reading_a_bot_file_follows_no_reference(folder: Path, platforms: Platforms) -> None:
    assert load_text(folder, ACCOUNT, platforms).accounts["home"].settings["token"] == {"env": "TOKEN"}


def test_what_was_not_checked_while_reading_is_checked_while_building(folder: Path, harbour: type[Adapter]) -> None:
    bot = load_text(folder, ACCOUNT.replace("depth: 5", "depth: deep"))
    with pytest.raises(Mistakes, match="account `home`: depth: this must be a number"):
        built(bot, harbour, {"TOKEN": "t", "OTHER": "o"})


def test_a_key_that_pydantic_knows_itself_may_be_a_setting(folder: Path) -> None:
    @dataclass(frozen=True, kw_only=True)
    class Odd:
        copy: str = ""
        json: bool = False
        model_fields: int = 0

    class OddAdapter(StageAdapter):
        platform: ClassVar[str] = "odd"
        Settings: ClassVar[type[Any]] = Odd

    text = "bot: a\npersona: ada.yaml\naccounts: {home: {platform: odd, copy: x, json: true, model_fields: 2}}\n"
    bot = load_text(folder, text, Platforms.of(OddAdapter))
    assert built(bot, OddAdapter, {}) == Odd(copy="x", json=True, model_fields=2)


@pytest.mark.parametrize("hint", [dict[str, str], object, int | str])
def test_a_setting_that_no_file_can_write_is_an_error_of_the_adapter(hint: Any) -> None:
    odd = make_dataclass("Odd", [("thing", hint)], frozen=True)
    adapter = type("OddAdapter", (StageAdapter,), {"platform": "odd", "Settings": odd})
    with pytest.raises(TypeError, match=r"OddAdapter\.Settings\.thing: a value of type"):
        settings_model(adapter)


def test_a_setting_cannot_take_the_place_of_a_common_key() -> None:
    odd = make_dataclass("Odd", [("live", bool)], frozen=True)
    adapter = type("OddAdapter", (StageAdapter,), {"platform": "odd", "Settings": odd})
    with pytest.raises(TypeError, match="every account has this key already"):
        settings_model(adapter)


def test_a_platform_whose_libraries_are_not_installed_says_how_to_get_them() -> None:
    def load() -> type[Adapter]:
        raise ModuleNotFoundError("No module named 'rope'", name="rope")

    with pytest.raises(ConfigurationError, match=r"`harbour` needs rope: .+ -m pip install 'greenroom\[harbour\]'"):
        Platforms({"harbour": load}).adapter("harbour")


def test_a_platform_that_is_not_installed_is_told_with_the_nearest_that_is(platforms: Platforms) -> None:
    with pytest.raises(ConfigurationError, match=r"there is no platform `harbr`\. Did you mean `harbour`"):
        platforms.adapter("harbr")


@pytest.mark.parametrize(("theirs", "ours"), [("Twitter", "x"), ("insta", "instagram"), ("tg", "telegram")])
def test_a_platform_that_people_call_otherwise_is_told_by_its_name_here(theirs: str, ours: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"`{theirs}`\. Did you mean `{ours}`\?"):
        Platforms.installed().adapter(theirs)


def test_platforms_are_loaded_only_when_they_are_asked_for() -> None:
    def explode() -> type[Adapter]:
        raise AssertionError

    platforms = Platforms({"stage": lambda: StageAdapter, "heavy": explode})
    assert platforms.names == ("heavy", "stage")
    assert platforms.adapter("stage") is StageAdapter


def test_installed_platforms_are_those_of_the_entry_points() -> None:
    for name in Platforms.installed().names:
        assert Platforms.installed().adapter(name).platform == name


@pytest.mark.parametrize(
    ("account", "told"),
    [
        (
            "{platform: mastodon, server: masto.example}",
            "3:39: `masto.example` is no address: write https://masto.example",
        ),
        (
            "{platform: mastodon, server: 'localhost:3000'}",
            "3:39: `localhost:3000` is no address: write http://localhost:3000",
        ),
        ("{platform: mastodon, server: 'htps://a.b'}", "3:39: `htps://a.b` is no address: write https://a.b"),
        ("{platform: nostr, relays: ['wss://a.b', r.b]}", "3:58: `r.b` is no address: write wss://r.b"),
        ("{platform: discord, gateway_url: g.b}", "3:38: `g.b` is no address: write wss://g.b"),
    ],
)
def test_a_server_without_a_scheme_is_told_with_its_place_and_its_mend(folder: Path, account: str, told: str) -> None:
    with pytest.raises(Mistakes) as found:
        load_text(folder, f"bot: ada\npersona: ada.yaml\naccounts: {{home: {account}}}\n", Platforms.installed())
    assert [str(one).rpartition("bot.yaml:")[2] for one in found.value.mistakes] == [told]


def test_an_address_with_a_scheme_is_taken_as_it_is(folder: Path) -> None:
    text = "bot: ada\npersona: ada.yaml\naccounts: {home: {platform: mastodon, server: 'HTTPS://masto.example/'}}\n"
    assert (
        load_text(folder, text, Platforms.installed()).accounts["home"].settings["server"] == "HTTPS://masto.example/"
    )
