"""What a bot file wants of each of its accounts."""

from pathlib import Path

from greenroom.settings import load_bot, rooms_of, wanted_of
from greenroom_adapters.contract import Kind, Wanted

BOT = """\
bot: ada
persona: ada.yaml
timezone: UTC
accounts: {one: stage, two: stage}
answer:
  - to: mentions
  - {to: [messages, joins], in: one/lounge}
post:
  - {name: lamp, every: 6 hours, in: one}
  - {name: sea, every: 6 hours, in: two, picture: {file: sea.png, alt: the sea}}
"""


def test_who_gives_pictures_back_under_a_filter_attaches(tmp_path: Path) -> None:
    (tmp_path / "ada.yaml").write_text("persona: Ada\nwho: keeps the lighthouse\n", encoding="utf-8")
    text = "bot: ada\npersona: ada.yaml\naccounts: {one: stage}\nanswer: {to: mentions, filters: all}\n"
    (tmp_path / "bot.yaml").write_text(text, encoding="utf-8")
    assert wanted_of(load_bot(tmp_path / "bot.yaml"), "one").attaches


def test_each_account_is_wanted_for_what_its_rules_and_posts_say(tmp_path: Path) -> None:
    (tmp_path / "ada.yaml").write_text("persona: Ada\nwho: keeps the lighthouse\n", encoding="utf-8")
    (tmp_path / "sea.png").touch()
    (tmp_path / "bot.yaml").write_text(BOT, encoding="utf-8")
    file = load_bot(tmp_path / "bot.yaml")
    first = Wanted(kinds=frozenset({Kind.MENTION, Kind.MESSAGE, Kind.JOIN}), posts=True, attaches=False)
    assert wanted_of(file, "one") == first
    assert wanted_of(file, "two") == Wanted(kinds=frozenset({Kind.MENTION}), posts=True, attaches=True)
    (tmp_path / "bot.yaml").write_text(f"{BOT}rooms: {{l: {{is: two/l, mode: open}}}}\n", encoding="utf-8")
    opened = wanted_of(load_bot(tmp_path / "bot.yaml"), "two")
    assert opened.kinds == {Kind.MENTION, Kind.MESSAGE}, "it joins in upon what nobody wrote to it"


def test_who_likes_needs_to_react_and_who_posts_drafts_may_attach(tmp_path: Path) -> None:
    (tmp_path / "ada.yaml").write_text("persona: Ada\nwho: x\n")
    (tmp_path / "bot.yaml").write_text(
        "bot: ada\npersona: ada.yaml\naccounts: {one: stage, two: stage}\n"
        "answer: [{to: mentions, in: one, do: like}, {to: mentions, in: two, do: [reply, follow]}]\n"
        "post: [{name: a, from: {folder: .}, in: one}, {name: b, from: {feed: https://b.example/}, in: two}]\n"
    )
    file = load_bot(tmp_path / "bot.yaml")
    one, two = wanted_of(file, "one"), wanted_of(file, "two")
    assert (one.reacts, one.attaches, two.reacts, two.attaches) == (True, True, False, False)


def test_the_bot_is_wanted_in_each_room_that_its_file_names_but_not_in_those_that_it_ignores(tmp_path: Path) -> None:
    (tmp_path / "ada.yaml").write_text("persona: Ada\nwho: keeps the lighthouse\n", encoding="utf-8")
    (tmp_path / "bot.yaml").write_text(
        "bot: ada\npersona: ada.yaml\naccounts: {one: stage, two: stage}\ntell: one/staff\n"
        "rooms: {quay: {is: [one/quay, two/quay]}, cellar: {is: one/cellar, mode: ignore}, elsewhere: {mode: listen}}\n"
        "answer: {to: mentions, in: [quay, one/cellar, one/deck]}\n"
        "post: {name: log, at: '08:00', say: lit, in: [one/log, two]}\n",
        encoding="utf-8",
    )
    file = load_bot(tmp_path / "bot.yaml")
    assert rooms_of(file, "one") == ("quay", "deck", "log", "staff")
    assert rooms_of(file, "two") == ("quay",)
