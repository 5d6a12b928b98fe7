"""The two files of a new bot, as text that an owner goes on writing."""

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from pathlib import Path

from greenroom.app import is_local
from greenroom.personas import load_persona
from greenroom.personas.foreign import Character
from greenroom.settings import Platforms, Range, can_log_in, load_bot
from greenroom.settings.bot import host_timezone
from greenroom.settings.document import plain_value
from greenroom.settings.schema import field_docs
from greenroom.settings.spelling import RANGE
from greenroom_adapters.contract import Adapter, ConfigurationError, Secret
from greenroom_adapters.text import plain

__all__ = ["Written", "needed", "write_bot"]

BARE = re.compile(r"[^\W\d_](?:[\w ,;.()/'-]*[\w.)])?")
"""Texts that need no quotes in YAML."""
USUAL_VOICE = "plain, friendly, short"
USUAL_BOUNDS = {"length": Range(least=1, most=400), "emoji": Range(least=0, most=1)}
FEW = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Where the two files are."""

    bot: Path
    persona: Path
    rehearses: bool
    """Its account publishes nothing yet."""
    variables: tuple[str, ...] = ()
    """Names in the environment that are to hold its secrets."""
    logs_in: bool = False
    """Its account is signed in with `greenroom login`."""


def write_bot(
    character: Character,
    *,
    platform: str,
    folder: Path | None,
    live: bool = False,
    settings: Mapping[str, str] | None = None,
) -> Written:
    """Write a persona file and a bot file that pass `greenroom check`.

    Unless it is to be `live` at once, an account on a platform that is not on this machine rehearses. `settings` are
    what its platform needs to know (see `needed`); secrets are written as names in the environment.

    :raises ConfigurationError: one of them exists, the platform does not, or the name cannot be a file's
    """
    adapter = Platforms.installed().adapter(platform)
    rehearses = not live and not is_local(platform)
    folded = unicodedata.normalize("NFKD", character.name.casefold())
    letters = "".join(one for one in folded if not unicodedata.combining(one))
    word = re.sub(r"[^\w]+", "-", letters, flags=re.ASCII).strip("-_") or "bot"
    bots, personas = (folder, folder) if folder is not None else _folders()
    in_one_folder = bots == personas
    persona = personas / f"{word}.yaml"
    bot = bots / (f"{word}-bot.yaml" if in_one_folder else f"{word}.yaml")
    for path in (persona, bot):
        if path.exists():
            raise ConfigurationError(f"{path} exists already and is left as it is: take another --name or --folder")
    for path in (persona, bot):
        path.parent.mkdir(parents=True, exist_ok=True)
    relative = persona.name if in_one_folder else Path("..") / personas.name / persona.name
    _write(persona, _persona(character))
    try:
        prefix = f"{word}_{platform}".upper().replace("-", "_")
        # what `greenroom login` stores needs no word in the file
        wanted = () if can_log_in(adapter) else needed(adapter, secret=True)
        variables = {field: f"{prefix}_{field.upper()}" for field in wanted}
        account = _account(platform, settings or {}, variables, rehearses=rehearses)
        post = _post(adapter.posts_need, has_topics=bool(character.topics))
        _write(bot, _bot(word, Path(relative).as_posix(), account, post))
        load_persona(persona)
        load_bot(bot, platforms=Platforms.installed())
    except BaseException:
        # what cannot be used is not left lying about
        persona.unlink(missing_ok=True)
        bot.unlink(missing_ok=True)
        raise
    return Written(
        bot=bot,
        persona=persona,
        rehearses=rehearses,
        variables=tuple(variables.values()),
        logs_in=can_log_in(adapter),
    )


def needed(adapter: type[Adapter], *, secret: bool) -> dict[str, str]:
    """Return what an account on that platform cannot do without, each with what it is: the secrets, or all else."""
    texts = field_docs(adapter.Settings)
    return {
        field.name: texts.get(field.name, "")
        for field in fields(adapter.Settings)
        if field.default is MISSING and field.default_factory is MISSING and _is_secret(field.type) is secret
    }


def _is_secret(annotation: object) -> bool:
    return annotation is Secret or "Secret" in str(annotation)


def _folders() -> tuple[Path, Path]:
    bots, personas = Path("config") / "bots", Path("config") / "personas"
    return (bots, personas) if bots.is_dir() else (Path(), Path())


def _write(path: Path, text: str) -> None:
    with path.open("x", encoding="utf-8", newline="\n") as file:
        file.write(text)


def _persona(one: Character) -> str:
    lines = [f"persona: {scalar(one.name)}", f"who: {_block(one.who)}"]
    if one.voice_on:
        lines += ["voice:", f"  everywhere: {scalar(one.voice or USUAL_VOICE)}"]
        lines += [f"  {surface}: {scalar(words)}" for surface, words in one.voice_on.items()]
    elif one.voice:
        lines.append(f"voice: {scalar(one.voice)}")
    lines += _listed("nicknames", one.nicknames, "words that count as its name in rooms")
    lines += _listed("topics", one.topics, "what it posts about by itself")
    if one.languages:
        lines.append(f"languages: [{', '.join(one.languages)}]")
    lines += ["bounds:                      # counted on every text, not hoped for"]
    lines += [f"  {name}: {RANGE.write(bound)}" for name, bound in (one.bounds or USUAL_BOUNDS).items()]
    if one.posts or one.talks:
        lines.append("examples:")
        if one.posts:
            lines += ["  post:", *(f"    - {scalar(post)}" for post in one.posts)]
        # what was talk is an answer in public as well as in a room
        for surface, talks in (("reply", one.talks), ("chat", one.talks[:FEW])):
            if talks:
                lines.append(f"  {surface}:")
                lines += [f"    - {{to: {quoted(talk.to)}, say: {quoted(talk.say)}}}" for talk in talks]
    else:
        lines += [
            "# examples:                  # two or three posts help more than any rule",
            '#   - "Wind west, 5. Lamp lit at 18:02."',
        ]
    if one.unable:
        lines += ["lines:", f"  unable: {scalar(one.unable)}"]
    return "\n".join(lines) + "\n"


def _listed(key: str, words: Sequence[str], what: str) -> list[str]:
    return [f"{key}:".ljust(29) + f"# {what}", *(f"  - {scalar(word)}" for word in words)] if words else []


def _block(text: str) -> str:
    """Return a text as YAML has it: one of several lines as it stands, where nothing in it could be read otherwise."""
    lines = text.split("\n")
    if len(lines) == 1 or text != text.strip() or not all(map(_is_plain_line, lines)):
        return scalar(text)
    return "\n".join(["|-", *(f"  {line}" if line else "" for line in lines)])


def _is_plain_line(line: str) -> bool:
    return line == line.strip() and (not line or line.isprintable())


def _account(platform: str, settings: Mapping[str, str], variables: Mapping[str, str], *, rehearses: bool) -> str:
    parts = [f"platform: {scalar(platform)}", *(f"{key}: {scalar(value)}" for key, value in settings.items())]
    parts += [f"{key}: {{env: {variable}}}" for key, variable in variables.items()]
    if rehearses:
        return f"{{{', '.join([*parts, 'live: false'])}}} # rehearses: `greenroom live home` lets it publish"
    return f"{{{', '.join(parts)}}}" if len(parts) > 1 else scalar(platform)


def _post(needs: str, *, has_topics: bool) -> str:
    """Return a post of every day; where posts `need` what nobody can know yet, for the owner to complete."""
    about = "" if has_topics else "\n  about: whatever comes to mind"
    post = f"""\
post:
  name: log                  # under this name each time is posted once
  every: 6 hours             # from midnight; or `at: 08:00`, or a cron line{about}
"""
    if not needs:
        return post
    return f"# posts need {needs}\n" + re.sub(r"^", "# ", post, flags=re.MULTILINE).removesuffix("# ")


def _bot(word: str, persona: str, account: str, post: str) -> str:
    return f"""bot: {scalar(word)}
persona: {scalar(persona)}
timezone: {host_timezone()} # of every time in this file, on whatever machine it runs
accounts:
  home: {account}
answer: [mentions, replies, direct_messages]
{post}# engines: openai/gpt-5-mini # with OPENAI_API_KEY set; the script costs nothing
# limits:
#   quiet: 23:00-07:00       # nothing is posted then
"""


def scalar(text: str) -> str:
    """Return a text as YAML has it, in quotes where it needs them."""
    if BARE.fullmatch(text) and plain_value(text) == text:
        return text
    return quoted(text)


def quoted(text: str) -> str:
    """Return a text as YAML has it in quotes."""
    return json.dumps(plain(text), ensure_ascii=False)
