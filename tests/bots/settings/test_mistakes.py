"""What an owner is told when a bot file is wrong: place, reason, mend; all of it at once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from greenroom.settings import BotFile, Mistakes, load_bot
from greenroom.settings.names import FOREIGN, NOT_YET

Wrong = Callable[[str], list[str]]

HEAD = "bot: ada\npersona: ada.yaml\naccounts: {home: harbour}\n"
REFER = "write {env: NAME}, {file: PATH} or {keyring: SERVICE/USER}"
RULE_KEYS = (
    "to, in, words, chance, quiet_for, within, gather, hands_off, approve, say, embed, filters, do, reaction, "
    "pictures, tell"
)
BOT_KEYS = (
    "bot, persona, accounts, timezone, engines, answer, post, rooms, people, tools, limits, approve, tell, keep, "
    "store, provenance, prices"
)

BELOW_THE_HEAD: list[tuple[str, str]] = [
    # keys
    ("answr: mentions", "4:1: `answr` is not a key of the bot file. Did you mean `answer`?"),
    ("quux: 1", f"4:1: `quux` is not a key of the bot file. Its keys: {BOT_KEYS}"),
    ("version: 3", "4:1: `version` is not written: a version is the file's hash"),
    ("file: x", f"4:1: `file` is not a key of the bot file. Its keys: {BOT_KEYS}"),
    ("answer: {to: mentions, wrods: [a]}", "4:24: `wrods` is not a key of an `answer` rule. Did you mean `words`?"),
    ("answer: {to: mentions, name: x}", f"4:24: `name` is not a key of an `answer` rule. Its keys: {RULE_KEYS}"),
    ("tolls: {}", "4:1: `tolls` is not a key of the bot file. Did you mean `tools`?"),
    ("pagee: x", "4:1: `pagee` is not a key of the bot file (and `page` is not there yet)"),
    ("answer: {to: mentions, places: home}", "4:24: `places` is called `in` here"),
    # keys of other systems
    ("schedule: {at: 08:00}", "4:1: `schedule` is called `post` here"),
    ("cron jobs: {at: 08:00}", "4:1: `cron jobs` is called `post` here"),
    ("listen: mentions", "4:1: `listen` is called `answer` here"),
    ("trigger: mentions", "4:1: `trigger` is called `answer` here"),
    ("post: {at: 08:00, jitter: 20 minutes}", "4:19: `jitter` is called `spread` here"),
    ("post: {at: 08:00, prompt: x}", "4:19: `prompt` is called `about` here"),
    ("engines: {text: {model: openai/x, base_url: http://x}}", "4:35: `base_url` is called `server` here"),
    # not there yet
    # tools
    ("tools: {t: {}}", "4:9: a tool is either an MCP server (`mcp`) or a function (`python`): write one of them"),
    (
        "tools: {t: {mcp: uvx x, python: a.py:b}}",
        "4:9: a tool is either an MCP server (`mcp`) or a function (`python`): write one of them",
    ),
    (
        "tools: {t: {mcp: uvx x, key: {env: A}}}",
        "4:9: `key` is for a server at an address; a command gets its secrets by `env`",
    ),
    ("tools: {t: {mcp: 'http://localhost:1/mcp', env: A}}", "4:9: `env` is for a command that is started here"),
    ("tools: {t: {python: a.py}}", "4:13: `a.py` is no function: write the file and its name, like tools.py:tide"),
    (
        "tools: {t: {mcp: uvx x, within: 2 minutes}}",
        "4:25: an answer does not wait longer than a minute for a tool: write 1 second to 60 seconds",
    ),
    (
        "tools: {t: {mcp: uvx x, calls: 0}}",
        "4:25: how often may it be called for one text? write a number from 1 to 20",
    ),
    ("tools: {t: {mcp: uvx x, calls: often}}", "4:25: this must be a number"),
    (
        "tools: {t: {mcp: uvx x, price: 1 EUR}}",
        "4:25: `1 EUR`: other currencies than USD are not there yet; write it like 0.10 USD",
    ),
    ("tools: {t: {mcp: uvx x, timeout: 1 second}}", "4:25: `timeout` is called `within` here"),
    ("tools: {t: {command: uvx x}}", "4:13: `command` is called `mcp` here"),
    ("tell: home", "4:1: `home` alone would tell everybody: write a person, home/@handle, or a room, home/room"),
    ("tell: hme/@maria", "4:1: `hme/@maria`: there is no account `hme`. Did you mean `home`?"),
    (
        "rooms: {r: [home/a, home/b]}\ntell: q",
        "5:1: `q` is no account of this bot: write where you are told, and who you are there: home/@handle, or a room, "
        "home/room",
    ),
    (
        "tell: home/@maria, home/@joe",
        "4:1: `home/@maria, home/@joe` is more than one person: write one, like home/@maria",
    ),
    ("tell: 5", "4:1: `5` is not understood here: write it like home or home/lounge"),
    (
        "answer: {to: mentions, tell: true, say: x}",
        "4:1: `say` answers and `tell: true` leaves the answer to a person: keep one of them",
    ),
    ("page: none", "4:1: `page` is not there yet"),
    (
        "engines: {image: crad}",
        "4:11: `crad` is not an image engine. Did you mean `card`?",
    ),
    (
        "engines: {image: [card, openai/gpt-image-1.5]}",
        "4:11: `card` ends the list: what stands after it is never asked",
    ),
    (
        "engines: {image: {model: openai/x, quality: best}}",
        "4:36: `best` is not a quality. Write one of low, medium, high",
    ),
    ("engines: {image: {model: openai/x, base_url: http://x}}", "4:36: `base_url` is called `server` here"),
    (
        "answer: {to: mentions, pictures: paint}",
        "4:24: `paint` is not a thing to ask a model for. Write one of draw, edit",
    ),
    (
        "answer: {to: mentions, pictures: draw, filters: mono}",
        "4:1: `pictures` answers with what a model makes, and `filters` otherwise: keep one of them",
    ),
    (
        "answer: {to: joins, pictures: draw}",
        "4:1: `pictures` answers who says something: leave out joins, follows and reactions",
    ),
    (
        "post: {at: 08:00, picture: {file: lights.jpg, alt: x, about: sea}}",
        "4:19: `file` and `about` are two pictures: keep one of them",
    ),
    ("rooms: {a: {is: home/a, threads: true}}", "4:25: `threads` is not there yet"),
    (
        "rooms: {elsewhere: {mode: open}}",
        "4:21: it joins in unasked only in rooms that you name: list those that are open",
    ),
    ("rooms: {elsewhere: {slow: 1/minute}}", "4:21: `slow` is for a room that you name"),
    (
        "people: {owner: home/role:Mods}",
        "4:10: `home/role:Mods` is a group: only `moderators` can be one. Write a person, home/@maria",
    ),
    (
        "limits: {spend_per_person: 0.1}",
        "4:10: `0.1` is not a part of the day's money: write it like 10% or 0.10 USD/day",
    ),
    ("limits: {posts: 12}", "4:10: `12` is not understood here: write it like 5/hour"),
    ("limits: {replies: 0/hour}", "4:10: `0/hour` is not a rate: write it like 5/hour, 12/day or 1/minute"),
    (
        "limits: {replies_per_person: 5 an hour}",
        "4:10: `5 an hour` is not a rate: write it like 5/hour, 12/day or 1/minute",
    ),
    ("approve: sometimes", "4:1: `sometimes` is not a way to approve. Write one of never, risky, always"),
    ("answer: {to: mentions, gather: 4}", "4:24: `4`: minutes or months? write 4 minutes"),
    (
        "store: {env: DATABASE_URL}",
        "4:1: where is the ledger? write the path of a file, or postgresql://USER@HOST/DATABASE; its password comes "
        "from PGPASSWORD or ~/.pgpass",
    ),
    (
        "store: postgresql://ada:secret@db/greenroom",
        "4:1: a password does not belong in an address, which others get to see: leave it out, and put it into "
        "PGPASSWORD or ~/.pgpass",
    ),
    (
        "store: postgresql:greenroom",
        "4:1: which server? write the path of a file, or postgresql://USER@HOST/DATABASE",
    ),
    # values
    ("timezone: Europe/Lissabon", "4:1: `Europe/Lissabon` is not a time zone. Did you mean `Europe/Lisbon`?"),
    (
        "timezone: GMT+2",
        "4:1: `GMT+2` does not know summer from winter: write a place, like Europe/Lisbon",
    ),
    ("timezone: EST5", "4:1: `EST5` does not know summer from winter: write a place, like Europe/Lisbon"),
    ("timezone: lisbon", "4:1: `lisbon` is not a time zone. Did you mean `Europe/Lisbon`?"),
    (
        "timezone: 3",
        "4:1: `3` is not a time zone. Write one like Europe/Lisbon, America/New_York or UTC",
    ),
    ("keep: 90", "4:1: `90`: minutes or months? write 90 minutes"),
    ("post: {every: 10m}", "4:8: `10m`: minutes or months? write 10 minutes"),
    ("post:\n  - at: 25:00", "5:5: `25:00` is not a time of day: write it like 08:00 or 20:30"),
    ("post: {at: [08:00, 9]}", "4:20: `9` is not understood here: write it like 08:00, or 2026-12-24 18:00 for once"),
    (
        "post: {cron: 0 8 * * *, at: 08:00}",
        "4:1: `at` and `cron` both say when: keep one of them",
    ),
    ("post: {about: x}", "4:1: when? write `at`, `every` or `cron`"),
    (
        "post: {at: 08:00, about: x, say: y}",
        "4:1: `about` lets the engines write and `say` is fixed: keep one of them",
    ),
    (
        "post:\n  - {name: a, at: 08:00}\n  - {at: 09:00}",
        "6:5: an entry needs a `name` where `post` has more than one: it is its identity",
    ),
    (
        "post:\n  - {name: a, at: 08:00}\n  - {name: a, at: 09:00}",
        "6:5: another entry is called `a` already: give it a name of its own",
    ),
    ("post: {at: 08:00, picture: {file: dark.jpg, alt: x}}", "4:29: there is no file dark.jpg"),
    (
        "post: {at: 08:00, picture: {file: lights.jpg}}",
        "4:19: `alt` is missing here: describe the picture for people who cannot see it",
    ),
    (
        "post: {at: 08:00, picture: {alt: x}}",
        "4:19: which picture? write `file`, `card` (it is drawn here) or `about` (a model makes it)",
    ),
    (
        "post: {at: 08:00, picture: {file: lights.jpg, alt: x, card: quote}}",
        "4:19: `file` and `card` are two pictures: keep one of them",
    ),
    (
        "post: {at: 08:00, picture: {file: lights.jpg, alt: x, shape: tall}}",
        "4:19: `shape` is for a picture that is made here: crop a file with a filter",
    ),
    ("post: {at: 08:00, picture: {card: bar}}", "4:29: `bar` is not a card. Did you mean `bars`?"),
    (
        "post: {at: 08:00, picture: {card: quote, shape: round}}",
        "4:42: `round` is not a shape. Write one of square, wide, tall",
    ),
    (
        "post: {at: 08:00, picture: {card: bars}}",
        "4:29: which numbers? write `rows: {Monday: 3, Tuesday: 5}`, or name a CSV file in `table`",
    ),
    (
        "post: {at: 08:00, picture: {card: {show: quote, rows: {a: 1}}}}",
        "4:29: `rows` is for bars and a line: a quote shows words",
    ),
    (
        "post: {at: 08:00, picture: {card: {show: line, say: x, rows: {a: 1}}}}",
        "4:29: `say` is for a quote: name what is shown in `title`",
    ),
    (
        "post: {at: 08:00, picture: {card: {show: line, rows: {a: b}}}}",
        "4:48: `a` has no number: write it like {Monday: 3, Tuesday: 5}",
    ),
    (
        "post: {at: 08:00, picture: {card: {show: line, rows: {}}}}",
        "4:48: this must be numbers by name: write it like {Monday: 3, Tuesday: 5}",
    ),
    ("post: {at: 08:00, picture: {card: {show: line, table: gone.csv}}}", "4:48: there is no file gone.csv"),
    (
        "post: {at: 08:00, picture: {card: {show: line, table: lights.jpg}}}",
        "4:48: lights.jpg is empty: write a name and a number in each line",
    ),
    (
        "answer: {to: mentions, filters: [noir], say: hi}",
        "4:1: `filters` answers with what was sent, and `say` otherwise: keep one of them",
    ),
    (
        "answer: {to: mentions, filters: [noir], tell: true}",
        "4:1: `filters` answers with what was sent, and `tell` otherwise: keep one of them",
    ),
    (
        "answer: {to: [mentions, follows], filters: [noir]}",
        "4:1: `filters` answers who says something: leave out joins, follows and reactions",
    ),
    ("post: {at: 08:00, say: ''}", "4:19: this text is empty"),
    ("post: {at: 08:00, say: 7}", '4:19: this must be a text: write "7"'),
    ("post: {at: 08:00, say: true}", '4:19: this must be a text: write "true"'),
    ("answer: mentoins", "4:1: `mentoins` is not a kind of event. Did you mean `mentions`?"),
    (
        "answer: {to: [mentions, all]}",
        "4:25: `all` is not a kind of event. Write one of mentions, replies, quotes, direct_messages, messages, joins, "
        "follows, reactions",
    ),
    ("answer: {to: []}", "4:10: this is empty: write at least one"),
    ("answer: {words: [a]}", "4:1: `to` is missing here"),
    ("answer: {to: mentions, chance: 0.08}", "4:24: `0.08`: of one or of a hundred? write 8%"),
    ("answer: {to: mentions, in: hme}", "4:24: there is no account `hme`. Did you mean `home`?"),
    ("rooms: {r: hme/a}\npost: {at: 08:00, in: r}", "4:9: `hme/a`: there is no account `hme`. Did you mean `home`?"),
    ("post: {at: 08:00, about}", "4:19: `about` has no value: write one behind it, like `about: …`, or leave it out"),
    ("post: {at: 08:00, say: }", "4:19: `say` has no value: write one behind it, like `say: …`, or leave it out"),
    ("answer: {to: joins, say: }", "4:21: `say` has no value: write one behind it, like `say: …`, or leave it out"),
    (
        "answer: {to: mentions, in: discord/lounge}",
        "4:24: `discord/lounge`: there is no account `discord`. The accounts of this file: home",
    ),
    (
        "answer: [~]",
        f"4:10: an `answer` rule is written with keys and values. Its keys: {RULE_KEYS}",
    ),
    ("people: {owner: maria}", "4:10: `maria` is not a person: write account/@handle or account/id, like home/@maria"),
    ("people: {owner: hme/@maria}", "4:10: `hme/@maria`: there is no account `hme`. Did you mean `home`?"),
    ("rooms: {a: {is: home/a, mode: off}}", "4:25: `off` means false to some readers of YAML: write `ignore`"),
    ("rooms: {a: {is: home/a, mode: false}}", "4:25: `false` means false to some readers of YAML: write `ignore`"),
    ("rooms: {a: {is: home/a, mode: listne}}", "4:25: `listne` is not a mode of a room. Did you mean `listen`?"),
    ("rooms: {a: {is: home}}", "4:13: `home` is a whole account: write account/room, like home/lounge"),
    ("rooms: {a: {mode: listen}}", "4:9: where is `a`? write `is: account/room`"),
    ("rooms: {home: {is: home/a}}", "4:9: `home` is an account already: give the room another name"),
    (
        "rooms: {elsewhere: {is: home/a}}",
        "4:9: `elsewhere` stands for all rooms that nobody listed: it has no `is`",
    ),
    ("engines: [hold, script]", "4:1: `hold` ends the list: what stands after it is never asked"),
    ("engines: scirpt", "4:1: `scirpt` is not an engine. Did you mean `script`?"),
    ("engines: gpt-5-mini", "4:1: `gpt-5-mini` is not an engine. Write openai/NAME, or name the `server` that has it"),
    (
        "engines: {text: {model: x, server: localhost}}",
        "4:28: this must be an address: write it like http://localhost:11434/v1",
    ),
    ("limits: {spend: 1}", "4:10: `1` of what, and how often? write 1 USD/day"),
    (
        "limits: {spend: 1 EUR/day}",
        "4:10: `1 EUR`: other currencies than USD are not there yet; write it like 0.10 USD",
    ),
    ("limits: {quiet: 23}", "4:10: `23` is not understood here: write it like 23:00-07:00"),
    # secrets
    (
        "engines: {text: {model: openai/x, key: letmein}}",
        f"4:35: a secret does not belong in the file: {REFER}",
    ),
    ("engines: {text: {model: openai/x, key: {}}}", f"4:35: a secret is kept in one place: {REFER}"),
    ("engines: {text: {model: openai/x, key: {env: A, file: b}}}", f"4:35: a secret is kept in one place: {REFER}"),
    (
        "engines: {text: {model: openai/x, key: {keyring: a}}}",
        "4:35: an entry of the keyring is written SERVICE/USER",
    ),
]


ABOUT_FROM_AND_DO: list[tuple[str, str]] = [
    ("post: {from: {feed: x}}", "4:15: this must be an address: write it like https://example.org/feed.xml"),
    ("post: {from: {feed: https://a@b.org/}}", "4:15: nobody signs in at a feed: leave out what stands before the @"),
    ("post: {from: {folder: gone}}", "4:15: there is no folder"),
    ("post: {from: {calendar: gone.csv}}", "4:15: there is no file"),
    ("post: {from: {fed: https://b.org/}}", "4:15: `fed` is not a key of `from`. Did you mean `feed`?"),
    ("post: {from: {}}", "4:8: from where? write `feed`, `folder` or `calendar`"),
    ("post: {from: {feed: https://b.org/, folder: .}}", "4:8: `feed` and `folder` are two places: give each a post of"),
    ("post: {from: {folder: ., old: 3}}", "4:8: `old` is for a feed: leave it out"),
    ("post: {from: {feed: https://b.org/, old: x}}", "4:37: write how many, from 0 to 100"),
    (
        "post: {from: {feed: https://b.org/, look: 5 seconds}}",
        "4:8: `look`: somebody else's server is looked at once a minute at the most",
    ),
    ("post: {from: {folder: .}, say: x}", "4:1: `say`: what stands in the folder or the calendar is said as it is."),
    ("post: {from: {folder: .}, spread: 5 minutes}", "4:1: `spread` is counted from a time: write `at`, `every` or"),
    ("post: {from: {feed: https://b.org/}, poll: [a, b]}", "4:1: `poll` is for a post of your own words"),
    ("post: {from: {feed: https://b.org/}, say: '{{ itm.title }}'}", "4:1: `say`: 'itm' is undefined; there are item."),
    ("post: {name: single, from: {folder: .}}", "4:1: `single` is the name of what is put down by hand"),
    ("answer: {to: mentions, do: lik}", "4:24: `lik` is not a thing to do. Did you mean `like`?"),
    ("answer: {to: mentions, do: react}", "4:1: with which emoji? write `reaction`"),
    ("answer: {to: mentions, reaction: x}", "4:1: `reaction` is for `do: react`"),
    (
        "answer: {to: follows, do: like}",
        "4:1: `like` is about what somebody says: leave out joins, follows and reactions",
    ),
    (
        "answer: {to: direct_messages, do: repost}",
        "4:1: `repost` shows everybody: leave out direct_messages and messages",
    ),
    ("answer: {to: mentions, do: like, say: x}", "4:1: `say` is an answer: write `reply` among what is to be done as"),
    (
        "answer: {to: mentions, do: like, tell: true}",
        "4:1: `do` acts and `tell: true` leaves it to a person: keep one of",
    ),
]


@pytest.mark.parametrize(("written", "told"), ABOUT_FROM_AND_DO)
def test_what_cannot_be_meant_of_origins_and_acts_is_told_with_its_place(
    mistakes: Wrong, written: str, told: str
) -> None:
    (found,) = mistakes(f"{HEAD}{written}\n")
    assert found.startswith(told)


@pytest.mark.parametrize(("written", "told"), BELOW_THE_HEAD)
def test_a_mistake_is_told_with_its_place_and_its_mend(mistakes: Wrong, written: str, told: str) -> None:
    assert mistakes(f"{HEAD}{written}\n") == [told]


WHOLE: list[tuple[str, list[str]]] = [
    ("persona: ada.yaml\naccounts: {home: harbour}\n", ["1:1: `bot` is missing here"]),
    ("bot: ada\npersona: ada.yaml\n", ["1:1: `accounts` is missing here"]),
    ("bot: ada\npersona: ada.yaml\naccounts: {}\n", ["3:1: this is empty: write at least one"]),
    ("bot: ada\npersona: ada.yaml\naccounts: harbour\n", ["3:1: this is written with keys and values"]),
    (
        "bot: ada\npersona: eda.yaml\naccounts: {home: harbour}\n",
        ["2:1: there is no file eda.yaml. Did you mean `ada.yaml`?"],
    ),
    (
        "bot: a/b\npersona: ada.yaml\naccounts: {home: harbour}\n",
        ["1:1: a name has letters, digits, dots, dashes and underscores, and begins with a letter or digit"],
    ),
    (
        "bot: ada\npersona: ada.yaml\naccounts: {home: {platform: harbuor}}\n",
        ["3:19: there is no platform `harbuor`. Did you mean `harbour`?"],
    ),
    (
        "bot: ada\npersona: ada.yaml\naccounts: {home: zzz}\n",
        ["3:12: there is no platform `zzz`. There are: harbour, stage"],
    ),
    ("bot: ada\npersona: ada.yaml\naccounts: {home: {live: true}}\n", ["3:12: `platform` is missing here"]),
    (
        "bot: ada\npersona: ada.yaml\naccounts: {home: {platform: harbour, live: yes}}\n",
        ["3:38: `yes`: write true or false"],
    ),
    (
        "bot: ada\npersona: ada.yaml\naccounts:\n"
        "  home: {platform: harbour, tokne: {env: A}, depth: deep, flag: gren}\n",
        [
            "4:29: `tokne` is not a key of an account on `harbour`. Did you mean `token`?",
            "4:46: this must be a number",
            "4:59: `gren` is not a word that this platform knows. Did you mean `green`?",
        ],
    ),
]


@pytest.mark.parametrize(("written", "told"), WHOLE)
def test_a_mistake_of_the_first_lines_is_told_with_its_place(mistakes: Wrong, written: str, told: list[str]) -> None:
    assert mistakes(written) == told


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(mistakes: Wrong) -> None:
    told = mistakes(
        """\
bot: ada
persona: nobody.yaml
acounts:
  home: {platform: harbour, tokn: x}
  b c: stage
timezone: Europe/Lisbonn
page: none
answer:
  - to: mentoins
    within: 10m
post: {at: 20.00, jitter: 5, about: x}
"""
    )
    assert [line.partition(" ")[0] for line in told] == [
        "2:1:",
        "3:1:",
        "4:29:",
        "4:29:",
        "5:3:",
        "6:1:",
        "7:1:",
        "9:5:",
        "10:5:",
        "11:8:",
        "11:19:",
        "11:19:",
    ]


def test_a_key_in_plain_sight_is_a_mistake_and_is_not_repeated(mistakes: Wrong) -> None:
    for key in (
        "sk-proj-abcdefghijklmnop1234",
        "ghp_0123456789abcdefABCDEF",
        "Bearer xoxb-123456789012-abcdef",
        "aB3" * 14,
        "MTAxNDk4NzY1NDMyMTA5ODc2.GabcDE.x-y_z",
    ):
        told = mistakes(f"{HEAD}post: {{at: 08:00, say: {key}}}\n")
        assert told == [
            f"4:19: this looks like a key, and a key does not belong in the file: {REFER} "
            "(and have it replaced: it was written down)"
        ]
        assert key not in "".join(told)


@pytest.mark.parametrize(
    "line",
    [
        "tell: {key}",
        "rooms: {{a: {{is: {key}}}}}",
        "rooms: {{a: {key}}}\ntell: a",
        "people: {{owner: {key}}}",
        "approve: {key}",
        "store: {{env: {key}}}",
        "keep: {key}",
        "limits: {{spend: {key}}}",
        "post: {{at: {key}, say: x}}",
        "{key}: x",
        "answer: [{key}]",
        "engines: {key}",
    ],
)
def test_a_key_in_any_wrong_place_is_quoted_by_no_mistake(mistakes: Wrong, line: str) -> None:
    key = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD"
    told = mistakes(f"{HEAD}{line.format(key=key)}\n")
    assert sum("this looks like a key" in one for one in told) == 1
    assert key[:16] not in "".join(told)


@pytest.mark.parametrize("place", ["persona", "timezone"])
def test_a_key_in_the_head_is_quoted_by_no_mistake(mistakes: Wrong, place: str) -> None:
    key = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD"
    head = HEAD.replace("persona: ada.yaml", f"persona: {key}") if place == "persona" else f"{HEAD}timezone: {key}\n"
    assert key in head
    told = mistakes(head)
    assert len(told) == 1
    assert key[:16] not in told[0]


def test_a_refused_secret_is_in_no_error_and_no_repr(folder: Path) -> None:
    path = folder / "bot.yaml"
    path.write_text(HEAD + "engines: {text: {model: openai/x, key: hunter2hunter2}}\n", encoding="utf-8")
    with pytest.raises(Mistakes) as caught:
        load_bot(path)
    error: BaseException | None = caught.value
    while error is not None:
        assert "hunter2" not in f"{error} {error!r}"
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize(
    "text",
    [
        "https://example.org/2026/11/24/a-very-long-address-of-an-article-About-lamps",
        "Meta-Llama-3.1-70B-Instruct-AWQ-INT4-and-more",
        "did:plc:ewvi7nxzyoun6zhxrhs64oiz",
        "Donaudampfschifffahrtsgesellschaftskapitän",
        "221030000000000000000000000000001",
        "The ask-me-anything-evening begins at 8.",
    ],
)
def test_long_names_addresses_and_words_are_no_keys(load: Callable[[str], BotFile], text: str) -> None:
    assert load(f'post: {{at: 08:00, say: "{text}"}}\n').post[0].say == text


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Mistakes) as caught:
        load_bot(tmp_path / "none.yaml")
    assert str(caught.value) == f"{tmp_path / 'none.yaml'}: there is no such file"


def test_a_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(Mistakes, match="directory"):
        load_bot(tmp_path)


def test_without_platforms_what_an_account_says_is_left_for_later(folder: Path) -> None:
    path = folder / "bot.yaml"
    path.write_text("bot: a\npersona: ada.yaml\naccounts: {h: {platform: unheard_of, x: 1}}\n", encoding="utf-8")
    assert load_bot(path).accounts["h"].settings == {"x": 1}


def test_no_key_is_both_there_and_not_there_yet() -> None:
    import greenroom.personas  # noqa: F401 - has models of its own
    from greenroom.settings.model import Model

    sections: dict[str, type[Model]] = {}
    unseen = [Model]
    while unseen:
        below = unseen.pop().__subclasses__()
        sections |= {part.section: part for part in below if "section" in vars(part)}
        unseen += below
    assert NOT_YET.keys() <= sections.keys()
    assert FOREIGN.keys() <= sections.keys()
    for section, names in NOT_YET.items():
        assert not names & sections[section].written_keys().keys()
        assert not names & FOREIGN.get(section, {}).keys()
    for section, translations in FOREIGN.items():
        assert not translations.keys() & sections[section].written_keys().keys()
        assert {ours.partition(".")[0] for ours in translations.values()} <= sections[section].written_keys().keys()
