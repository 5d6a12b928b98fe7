"""Who speaks for a bot: its engines and fixed words, built from its files."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from greenroom.app.options import Options
from greenroom.delivery import Sealer
from greenroom.generation import FixedWords, build_embedder, build_moderator, build_studio, build_voice
from greenroom.memory import Embedder, Library
from greenroom.personas import Persona, offered
from greenroom.policy import Budget
from greenroom.settings import BotFile, SecretRef, resolve
from greenroom.settings.loader import body_of
from greenroom.turns import Speaker
from greenroom.turns.acting import Acts
from greenroom_adapters.contract import Secret

if TYPE_CHECKING:
    from greenroom.generation.script import Script

__all__ = ["build_speaker", "embedder_of", "sealer_of"]


def build_speaker(
    file: BotFile,
    persona: Persona,
    script: "Script | None",
    *,
    purse: Budget,
    options: Options,
    warn: Callable[[str], None],
    note: Callable[[int, str, str], None],
    library: Library | None = None,
) -> Speaker:
    """Return who speaks for these two files. Whoever calls closes its voice, and the `library` that it looks into. A
    `script` that was read already is not read again. `note` writes into the journal of a turn what was done for it.

    :raises ConfigurationError: an engine cannot be used as it is written, or its key is missing
    """

    def secret(reference: SecretRef, owner: str) -> Secret:
        return resolve(reference, owner=owner, environ=options.environ, warn=warn)

    voice = build_voice(
        persona,
        file.engines.text,
        purse=purse,
        resolve=secret,
        clock=options.clock,
        zone=file.timezone,
        environ=options.environ,
        own=options.engines,
        script=script,
        through=options.through,
        library=library,
        is_library_lent=True,
        tools=file.tools,
        note=note,
    )
    studio = build_studio(
        file.engines.image,
        purse=purse,
        resolve=secret,
        clock=options.clock,
        environ=options.environ,
    )
    judges = file.engines.moderation
    moderator = None
    if judges is not None:
        moderator = build_moderator(judges, purse=purse, resolve=secret, clock=options.clock, environ=options.environ)
    return Speaker(
        answers=frozenset(rule.identity for rule in file.answer),
        persona=persona,
        voice=voice,
        studio=studio,
        moderator=moderator,
        fixed={rule.identity: FixedWords(rule.say, rule=rule.name) for rule in file.answer if rule.say is not None},
        patient=frozenset(rule.identity for rule in file.answer if rule.quiet_for),
        passed_on=frozenset(rule.identity for rule in file.answer if rule.tell),
        acts={rule.identity: acts for rule in file.answer if (acts := Acts.of(rule)) is not None},
        paints={rule.identity: rule.pictures for rule in file.answer if rule.pictures},
        offers={rule.identity: offered(rule, persona) for rule in file.answer if rule.filters},
        embeds={rule.identity: rule.embed.embed for rule in file.answer if rule.embed is not None},
    )


def sealer_of(file: BotFile, *, options: Options, warn: Callable[[str], None]) -> Sealer | None:
    """Return who signs what a model made; None: nobody does.

    :raises ConfigurationError: its certificate cannot sign, or its key is missing
    """
    if (ref := file.provenance) is None:
        return None
    key = resolve(ref.key, owner="`provenance`", environ=options.environ, warn=warn)
    return Sealer(body_of(ref.certificate), key, bot=file.bot, time_server=ref.time_server)


def embedder_of(file: BotFile, *, purse: Budget, options: Options, warn: Callable[[str], None]) -> Embedder | None:
    """Return what makes vectors of the persona's documents; None: nothing. Whoever calls closes it.

    :raises ConfigurationError: it cannot be used as it is written, or its key is missing
    """
    ref = file.engines.embeddings
    if ref is None:
        return None

    def secret(reference: SecretRef, owner: str) -> Secret:
        return resolve(reference, owner=owner, environ=options.environ, warn=warn)

    return build_embedder(ref, purse=purse, resolve=secret, clock=options.clock, environ=options.environ)
