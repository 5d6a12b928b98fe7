"""The file as it is understood, written out."""

import string
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenroom.personas import load_persona
from greenroom.settings import expanded, load_bot

WRITTEN = """\
bot: ada
persona: ada.yaml
accounts:
  home: {platform: stage, handle: keeper, token: {env: STAGE_TOKEN}}
timezone: Europe/Lisbon
engines: [{model: m, server: "http://localhost:1/v1", key: {file: key.txt}, price: {input: 0.25 USD, output: 2 USD}}]
answer: [mentions, {to: messages, in: lounge, chance: 8%, within: 30min, words: ["no", "12"]}]
post:
  - {name: a, at: 8:00, days: [mon, wed], say: "0o17"}
  - {name: b, every: 90min, about: x, picture: {file: lights.jpg, alt: Lamps}}
rooms: {lounge: [home/lounge, home/#l], elsewhere: {mode: ignore}}
people: {owner: home/@maria}
limits: {quiet: 23:00-7:00}
tell: lounge
"""

EXPANDED = """\
bot: ada
persona: ada.yaml
accounts:
  home:
    platform: stage
    live: true
    handle: keeper
    token:
      env: STAGE_TOKEN
timezone: Europe/Lisbon
engines:
  text:
  - model: m
    server: http://localhost:1/v1
    key:
      file: key.txt
    price:
      input: 0.25 USD
      output: 2 USD
    context: 8000
    sees: false
  - hold
  image:
  - card
answer:
- to:
  - mentions
  chance: 100%
  quiet_for: 0 seconds
  hands_off: 12 hours
  do:
  - reply
  tell: false
- to:
  - messages
  in:
  - home/lounge
  - home/#l
  words:
  - 'no'
  - '12'
  chance: 8%
  quiet_for: 0 seconds
  within: 30 minutes
  hands_off: 12 hours
  do:
  - reply
  tell: false
post:
- name: a
  at:
  - 08:00
  days:
  - mon
  - wed
  spread: 0 seconds
  late_ok: 1 hour
  say: '0o17'
- name: b
  every: 1 hour 30 minutes
  spread: 0 seconds
  late_ok: 1 hour
  about: x
  picture:
    file: lights.jpg
    alt: Lamps
rooms:
  lounge:
    is:
    - home/lounge
    - home/#l
    mode: mentions
  elsewhere:
    mode: ignore
people:
  owner:
  - home/@maria
limits:
  spend: 1 USD/day
  spend_per_person: 10%
  quiet: 23:00-07:00
approve: risky
tell: home/lounge
keep: 90 days
store: data/ada.db
"""


def test_every_default_and_every_shorthand_is_written_out(folder: Path) -> None:
    path = folder / "bot.yaml"
    path.write_text(WRITTEN, encoding="utf-8")
    assert expanded(load_bot(path)) == EXPANDED


def test_the_expanded_file_means_the_same(folder: Path) -> None:
    short, long = folder / "bot.yaml", folder / "long.yaml"
    short.write_text(WRITTEN, encoding="utf-8")
    first = load_bot(short)
    long.write_text(expanded(first), encoding="utf-8")
    second = load_bot(long)
    assert second.model_copy(update={"file": first.file, "version": first.version}) == first


def test_every_reader_of_yaml_agrees_about_the_expanded_file(folder: Path) -> None:
    path = folder / "bot.yaml"
    path.write_text(WRITTEN, encoding="utf-8")
    read: Any = yaml.safe_load(expanded(load_bot(path)))
    assert read["answer"][1]["words"] == ["no", "12"]
    assert read["post"][0]["at"] == ["08:00"]
    assert read["post"][0]["say"] == "0o17"


def test_an_environment_of_secrets_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGE_TOKEN", "hunter2")
    path = folder / "bot.yaml"
    path.write_text(WRITTEN, encoding="utf-8")
    assert "hunter2" not in expanded(load_bot(path))


words = st.text(string.printable + "éß🌊", min_size=1, max_size=20).filter(lambda text: text.strip() == text != "")


@given(who=words, topics=st.lists(words, max_size=3), line=words)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_words_of_a_persona_survive_being_expanded(tmp_path: Path, who: str, topics: list[str], line: str) -> None:
    first_path, second_path = tmp_path / "a.yaml", tmp_path / "b.yaml"
    content = {"persona": "Ada", "who": who, "topics": topics, "lines": {"unable": {"en": line}}}
    first_path.write_text(yaml.safe_dump(content, default_style='"'), encoding="utf-8", newline="")
    first = load_persona(first_path)
    second_path.write_text(expanded(first), encoding="utf-8", newline="")
    second = load_persona(second_path)
    assert second.model_copy(update={"file": first.file, "version": first.version}) == first
    assert second.who == who
