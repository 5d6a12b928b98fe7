"""What is to go out for a turn: one part for each post, each with its key and in its form."""

import hashlib

from greenroom.personas import Persona
from greenroom.policy import START, STOP, is_command, is_word
from greenroom.storage import CLOCK, TELL, Due, Part, Turn
from greenroom.turns.form import FEED, PLAIN, Form
from greenroom.turns.offering import FILTER
from greenroom.turns.outage import UNABLE
from greenroom.turns.share import SHARE
from greenroom.turns.unreadable import UNREADABLE
from greenroom_adapters.contract import DirectMessageReceived, JoinReceived, Media, Post, TextEvent

__all__ = ["key_of", "language_of", "parts_of"]

_BY_THE_CLOCK = (TELL, UNABLE, SHARE, UNREADABLE)
"""Rules of turns in which the program speaks by itself."""


def key_of(bot: str, account: str, event_id: str, part: int) -> str:
    """Return the idempotency key of one part of the answer to one event: the same for ever, 32 hex digits."""
    whole = f"{bot}\x1f{account}\x1f{event_id}\x1f{part}"
    return hashlib.blake2b(whole.encode(), digest_size=16).hexdigest()


def language_of(turn: Turn, persona: Persona, *, is_answer: bool = False) -> str | None:
    """Return the language of the words of a turn, as a tag; None: nobody can tell.

    Posts and fixed words are in the persona's first language; an answer is in the asker's where it is listed, else in
    the first. What the program says by itself (to the owner, to moderators, to who says stop or gives a command) has
    languages of its own: `is_answer` says that it is nothing of that, where somebody has looked already.
    """
    if is_answer:
        return _spoken_in(turn, persona)
    by_itself = _BY_THE_CLOCK if turn.kind == CLOCK else (STOP, START)
    if is_command(turn) or is_word(turn) or turn.rule in by_itself:
        return None
    return _spoken_in(turn, persona)


def _spoken_in(turn: Turn, persona: Persona) -> str | None:
    if turn.draft is not None and turn.draft.engine == FILTER:
        return "en"
    if turn.draft is not None and turn.draft.engine == FEED:
        return None
    spoken = persona.languages
    is_fixed = turn.draft is not None and turn.draft.engine == "say"
    if is_fixed or not isinstance(turn.event, TextEvent) or len(spoken) == 1:
        return spoken[0]
    if turn.event.language is None:
        return None
    asked = turn.event.language.casefold()
    whole = next((tag for tag in spoken if tag.casefold() == asked), None)
    return whole or next((tag for tag in spoken if _base(tag) == _base(asked)), spoken[0])


def _base(tag: str) -> str:
    return tag.partition("-")[0].casefold()


def parts_of(
    turn: Turn, *, bot: str, form: Form = PLAIN, language: str | None = None, made: tuple[Media, ...] = ()
) -> list[Part]:
    """Return the parts of a turn that has its words, which are in `language`; `made` is what was made to go with the
    first of them."""
    assert turn.draft is not None  # noqa: S101 - whoever calls has looked
    said: list[Part] = []
    for number, text in enumerate(turn.draft.parts):
        post = _post(turn, text, number, language, made)
        if form is not PLAIN:
            post = form.below(post) if number else form.around(post)
        said.append(Part(key_of(bot, turn.account, turn.event_id, number), post))
    if not turn.draft.acts:
        return said
    done = [
        Part(key=key_of(bot, turn.account, turn.event_id, number), post=Post(text=""), act=act)
        for number, act in enumerate(turn.draft.acts, len(said))
    ]
    return said + done


def _post(turn: Turn, text: str, number: int, language: str | None, made: tuple[Media, ...]) -> Post:
    """Return part `number` of the answer; what the later parts reply to is known when the one before is out."""
    event = turn.event
    if isinstance(event, TextEvent):
        return Post(
            text=text,
            in_reply_to=event.post if number == 0 else None,
            room=None if event.room is None else event.room.id,
            direct_to=event.author.id if isinstance(event, DirectMessageReceived) else None,
            media=turn.draft.media if turn.draft is not None and number == 0 else (),
            language=language,
        )
    if isinstance(event, Due):
        media = (*event.media, *made) if number == 0 else ()
        return Post(text=text, room=event.room, direct_to=event.direct_to, media=media, language=language)
    return Post(text=text, room=event.room.id if isinstance(event, JoinReceived) else None, language=language)
