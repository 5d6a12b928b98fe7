"""Turns updates into the contract's events. Pure."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from greenroom_adapters.contract import (
    Author,
    CommandGiven,
    DirectMessageReceived,
    Event,
    InvitationReceived,
    JoinReceived,
    Kind,
    MentionReceived,
    MessageReceived,
    PostEdited,
    PostRef,
    ReactionReceived,
    RemoteMedia,
    ReplyReceived,
    Room,
    SanctionReceived,
    TextEvent,
    ThreadPost,
    Trust,
    UnknownEvent,
)
from greenroom_adapters.telegram.offering import Offered
from greenroom_adapters.telegram.references import Chat, conversation, private_command, reference
from greenroom_adapters.telegram.wire import (
    WireChat,
    WireEntity,
    WireMembership,
    WireMessage,
    WireReacted,
    WireReaction,
    WireUpdate,
    WireUser,
)
from greenroom_adapters.text import undefused

__all__ = ["FILE", "KINDS", "LIKE", "SOURCE", "Reader", "author", "moment", "unknown"]

SOURCE = "updates"
RAW_CAP = 4000
"""How much of something unreadable is kept, in characters."""
LIKE = "\N{THUMBS UP SIGN}"
FILE = "telegram-file:"
"""How the address of something attached begins; behind it is the id of the file."""
PRIVATE = "private"
GROUPS = frozenset({"group", "supergroup"})
FOR_GOOD = 0
"""As `until_date`: there is no end to it."""
LONGEST_RESTRICTION = 366 * 24 * 3600
"""Seconds; what is longer is for good (`restrictChatMember`)."""

KINDS = frozenset(
    {
        Kind.MENTION,
        Kind.REPLY,
        Kind.DIRECT_MESSAGE,
        Kind.COMMAND,
        Kind.REACTION,
        Kind.JOIN,
        Kind.EDIT,
        Kind.SANCTION,
        Kind.INVITATION,
    }
)
"""What is heard in any case; `MESSAGE` comes when the bot may read everything in groups. Deletions are never told."""


def moment(seconds: int) -> datetime:
    """Return a moment as Telegram tells it."""
    return datetime.fromtimestamp(seconds, UTC)


def author(user: WireUser, *, trust: Trust = Trust.ANYONE) -> Author:
    """Return somebody as the author of something. Who has no public name goes by his id."""
    name = " ".join(part for part in (user.first_name, user.last_name) if part)
    return Author(id=str(user.id), handle=user.username or str(user.id), name=name, is_bot=user.is_bot, trust=trust)


def unknown(raw: bytes, *, cursor: str, received_at: datetime) -> UnknownEvent:
    """Return what can be saved of something that cannot be understood. The same bytes have the same id at every
    delivery."""
    return UnknownEvent(
        id=f"unreadable-{hashlib.sha256(raw).hexdigest()[:32]}",
        source=SOURCE,
        cursor=cursor,
        occurred_at=received_at,
        raw=raw.decode("utf-8", "replace")[:RAW_CAP],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads for one account."""

    me: int
    handle: str
    """The bot's own name, without its `@`."""
    offered: Callable[[str], Offered | None]
    """Returns the command that somebody gives by this word; None: it is none of ours."""
    home: Chat | None
    """Where the bot's own posts appear."""
    known: Callable[[str, int], PostRef | None]
    """Returns the identity under which a message was heard or sent, by its chat and its number."""

    def read(self, updates: Sequence[WireUpdate], *, cursors: "Cursors", trust: Trust = Trust.ANYONE) -> list[Event]:
        """Return what an update means, or the updates of one album; nothing: it is none of our business. `trust` is
        that of whoever speaks."""
        update = updates[0]
        if (message := update.message or update.channel_post) is not None:
            if message.new_chat_members:
                return self._joins(message, cursors)
            told = [one for each in updates if (one := each.message or each.channel_post) is not None]
            # the words of an album stand below one of its pictures
            head = head_of(told)
            others = tuple(one for one in told if one is not head)
            spoken = self.message(head, cursor=cursors.last, trust=trust, album=others)
            return [] if spoken is None else [spoken]
        if (edited := update.edited_message or update.edited_channel_post) is not None:
            changed = self._edit(edited, cursor=cursors.last)
            return [] if changed is None else [changed]
        if update.message_reaction is not None:
            return list(self._reactions(update.message_reaction, cursors))
        if update.my_chat_member is not None:
            told_of = self._membership(update.my_chat_member, cursor=cursors.last)
            return [] if told_of is None else [told_of]
        return []

    def message(
        self, message: WireMessage, *, cursor: str, trust: Trust = Trust.ANYONE, album: tuple[WireMessage, ...] = ()
    ) -> TextEvent | None:
        """Return what somebody said, with the rest of its album; None: nobody said anything, Telegram tells of
        something in the chat."""
        speaker = self.speaker(message, trust=trust)
        if speaker is None or not _is_speech(message) or speaker.id == str(self.me) or self._is_copy(message):
            return None
        words, entities = _words(message)
        if (given := self._command(message, words, entities, speaker, album=album, cursor=cursor)) is not None:
            return given
        kinds = self._kinds(message, words, entities)
        strongest = kinds[0] if kinds else MessageReceived
        return strongest(
            id=_name(message),
            source=SOURCE,
            cursor=cursor,
            occurred_at=moment(message.date),
            post=self.reference(message, album=album),
            author=speaker,
            text=words,
            conversation=conversation(message.chat.id, message.topic),
            also=tuple(kind.kind for kind in kinds[1:]),
            room=room(message.chat),
            in_reply_to=self.answered(message),
            media=tuple(media for one in (message, *album) for media in _media(one)),
        )

    def _command(
        self,
        message: WireMessage,
        words: str,
        entities: tuple[WireEntity, ...],
        speaker: Author,
        *,
        album: tuple[WireMessage, ...],
        cursor: str,
    ) -> CommandGiven | None:
        """Return the command that a message gives; None: it gives none of ours.

        In a group a command is ours where it names us or answers us: the same word may be one of another bot.
        """
        if not entities or entities[0].type != "bot_command" or entities[0].offset != 0:
            return None
        word, _, named = _part(words, entities[0]).removeprefix("/").partition("@")
        is_alone = message.chat.type == PRIVATE
        if named:
            is_ours = named.casefold() == self.handle.casefold()
        else:
            is_ours = is_alone or ReplyReceived in self._kinds(message, words, entities)
        command = self.offered(word) if is_ours else None
        if command is None:
            return None
        post = self.reference(message, album=album)
        # who speaks in the name of a chat has no conversation of his own
        if command.is_private and not is_alone and message.sender is not None and message.sender_chat is None:
            post = private_command(message.chat.id, message.message_id, by=message.sender.id)
        return CommandGiven(
            id=_name(message),
            source=SOURCE,
            cursor=cursor,
            occurred_at=moment(message.date),
            post=post,
            author=speaker,
            command=command.name,
            # a command is plain ASCII, in which units are characters
            text=words[entities[0].length :].strip(),
            conversation=conversation(message.chat.id, message.topic),
            also=(Kind.DIRECT_MESSAGE if is_alone else Kind.MENTION,),
            room=room(message.chat),
            in_reply_to=self.answered(message),
            media=tuple(media for one in (message, *album) for media in _media(one)),
        )

    def _is_copy(self, message: WireMessage) -> bool:
        """Say whether Telegram has put something before those who talk about a channel that was heard or said there:
        in the bot's home all is, and most of it by the bot."""
        origin = message.forward_origin
        if not message.is_automatic_forward or origin is None or origin.chat is None:
            return False
        names = {str(origin.chat.id), f"@{origin.chat.username}".casefold()}
        is_home = self.home is not None and self.home.id.casefold() in names
        return is_home or self.known(str(origin.chat.id), origin.message_id) is not None

    def speaker(self, message: WireMessage, *, trust: Trust = Trust.ANYONE) -> Author | None:
        """Return who said it: a person, or the chat in whose name it was said; None: nobody is named."""
        if (chat := message.sender_chat) is not None:
            # an administrator who speaks for the group itself keeps order there
            keeps_order = chat.id == message.chat.id and chat.type != "channel"
            return Author(
                id=str(chat.id),
                handle=chat.username or str(chat.id),
                name=chat.title or "",
                trust=Trust.MODERATOR if keeps_order else Trust.ANYONE,
            )
        return None if message.sender is None else author(message.sender, trust=trust)

    def reference(self, message: WireMessage, *, album: tuple[WireMessage, ...] = ()) -> PostRef:
        """Return the identity of a message."""
        ids = (message.message_id, *(one.message_id for one in album))
        return reference(message.chat.id, *ids, topic=message.topic, username=_public(message.chat))

    def answered(self, message: WireMessage) -> PostRef | None:
        """Return what a message answers; None: nothing."""
        above = message.reply_to_message
        if above is None or above.forum_topic_created is not None:
            return None
        return self.known(str(above.chat.id), above.message_id) or self.reference(above)

    def thread_post(self, message: WireMessage) -> ThreadPost | None:
        """Return a message as context for an answer; None: nobody says anything in it."""
        speaker = self.speaker(message)
        if speaker is None or not _is_speech(message):
            return None
        words, _ = _words(message)
        ref = self.known(str(message.chat.id), message.message_id) or self.reference(message)
        return ThreadPost(ref=ref, author=speaker, text=undefused(words), posted_at=moment(message.date))

    def asks_in_group(self, updates: Sequence[WireUpdate]) -> tuple[int, int] | None:
        """Return the group in which somebody speaks to the bot, and who he is; None: nobody does."""
        told = [one for each in updates if (one := each.message) is not None]
        head = head_of(told) if told else None
        if head is None or head.chat.type not in GROUPS or head.sender is None or head.sender_chat is not None:
            return None
        return (head.chat.id, head.sender.id) if self._kinds(head, *_words(head)) else None

    def _kinds(self, message: WireMessage, words: str, entities: Iterable[WireEntity]) -> list[type[TextEvent]]:
        """Return what a message is, the strongest first; nothing: it is not for the bot."""
        above = message.reply_to_message
        answers_us = (
            above is not None
            and above.forum_topic_created is None
            and above.sender is not None
            and above.sender.id == self.me
        )
        found: tuple[tuple[type[TextEvent], bool], ...] = (
            (DirectMessageReceived, message.chat.type == PRIVATE),
            (ReplyReceived, answers_us),
            (MentionReceived, any(self._names_us(entity, words) for entity in entities)),
        )
        return [kind for kind, holds in found if holds]

    def _names_us(self, entity: WireEntity, words: str) -> bool:
        match entity.type:
            case "text_mention":
                return entity.user is not None and entity.user.id == self.me
            case "mention":
                return _part(words, entity).casefold() == f"@{self.handle}".casefold()
            case "bot_command":
                return _part(words, entity).casefold().endswith(f"@{self.handle}".casefold())
            case _:
                return False

    def _edit(self, message: WireMessage, *, cursor: str) -> PostEdited | None:
        """Return an edit; None: it is our own, or there are no words in it."""
        speaker = self.speaker(message)
        if message.edit_date is None or speaker is None or speaker.id == str(self.me) or not _is_speech(message):
            return None
        words, _ = _words(message)
        # two edits in one second are told apart by what they say
        said = hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:12]
        return PostEdited(
            id=f"{_name(message)}:edited:{message.edit_date}:{said}",
            source=SOURCE,
            cursor=cursor,
            occurred_at=moment(message.edit_date),
            post=self.known(str(message.chat.id), message.message_id) or self.reference(message),
            text=words,
        )

    def _joins(self, message: WireMessage, cursors: "Cursors") -> list[Event]:
        """Return who came into a group; the bot itself is told of otherwise."""
        where = room(message.chat)
        people = [user for user in message.new_chat_members if user.id != self.me]
        if where is None:
            return []
        return [
            JoinReceived(
                id=f"{_name(message)}:join:{user.id}",
                source=SOURCE,
                cursor=cursors.of(number, len(people)),
                occurred_at=moment(message.date),
                author=author(user),
                room=where,
            )
            for number, user in enumerate(people)
        ]

    def _reactions(self, told: WireReacted, cursors: "Cursors") -> Iterator[Event]:
        """Yield each reaction that somebody has added to a message. Telegram gives it no id: made of message, person,
        reaction and second, it is the same at every delivery."""
        if told.user is not None:
            by = author(told.user)
        elif told.actor_chat is not None:
            by = Author(id=str(told.actor_chat.id), handle=told.actor_chat.username or str(told.actor_chat.id))
        else:
            return
        post = self.known(str(told.chat.id), told.message_id)
        added = [called for one in told.new_reaction if one not in told.old_reaction and (called := _called(one))]
        for number, called in enumerate(added):
            yield ReactionReceived(
                id=f"{told.chat.id}/{told.message_id}:reaction:{by.id}:{called}:{told.date}",
                source=SOURCE,
                cursor=cursors.of(number, len(added)),
                occurred_at=moment(told.date),
                post=post or reference(told.chat.id, told.message_id, topic=None, username=_public(told.chat)),
                author=by,
                reaction=called,
            )

    def _membership(self, told: WireMembership, *, cursor: str) -> Event | None:
        """Return that the bot was taken into a group, silenced there or sent away; None: none of these, or it left by
        itself."""
        where = room(told.chat)
        if where is None or told.new.user.id != self.me or told.by.id == self.me:
            return None
        at = moment(told.date)
        if not told.old.is_in and told.new.is_in:
            return InvitationReceived(
                id=f"{told.chat.id}:joined:{told.date}",
                source=SOURCE,
                cursor=cursor,
                occurred_at=at,
                room=where,
                is_in=True,
                by=author(told.by, trust=Trust.ANYONE),
            )
        was_silenced = told.new.is_in and told.new.can_send_messages is False
        if not (was_silenced or (told.old.is_in and not told.new.is_in)):
            return None
        ends = told.new.until_date or FOR_GOOD
        lasts = was_silenced and 0 < ends - told.date < LONGEST_RESTRICTION
        return SanctionReceived(
            id=f"{told.chat.id}:{'silenced' if was_silenced else 'sent-away'}:{told.date}",
            source=SOURCE,
            cursor=cursor,
            occurred_at=at,
            room=where,
            until=moment(ends) if lasts else None,
            by=author(told.by),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursors:
    """The cursors of what one update brings: its own for the last event, and for all before that the one behind which
    the whole update is read again."""

    last: str
    before: str

    def of(self, number: int, count: int) -> str:
        """Return the cursor of event `number`, from 0, of so many."""
        return self.last if number == count - 1 else self.before


def room(chat: WireChat) -> Room | None:
    """Return a group or a channel; None: it is a private chat. It has a name where Telegram sees to it that nobody else
    has it: `@name`. Anybody may give his group any title."""
    if chat.type == PRIVATE:
        return None
    return Room(id=str(chat.id), name=f"@{chat.username}" if chat.username else "")


def _public(chat: WireChat) -> str | None:
    """Return the name under which anybody finds what is said there; None: it has none, or it is somebody's own."""
    return None if chat.type == PRIVATE else chat.username


def head_of(album: Sequence[WireMessage]) -> WireMessage:
    """Return the message of an album below which its words stand; of others there is one."""
    return next((one for one in album if one.caption is not None), album[0])


def _name(message: WireMessage) -> str:
    return f"{message.chat.id}/{message.message_id}"


def _words(message: WireMessage) -> tuple[str, tuple[WireEntity, ...]]:
    """Return what a message says: its text, or what stands below its picture."""
    if message.text is not None:
        return message.text, message.entities
    if message.caption is not None:
        return message.caption, message.caption_entities
    return (message.sticker.emoji or "" if message.sticker is not None else ""), ()


def _is_speech(message: WireMessage) -> bool:
    return message.text is not None or message.caption is not None or any(_files(message))


def _files(message: WireMessage) -> Iterator[tuple[str, str]]:
    """Yield the id and the media type of each file of a message; of a picture the largest that there is."""
    if message.photo:
        largest = max(message.photo, key=lambda size: size.width * size.height)
        yield largest.file_id, "image/jpeg"
    usual = (
        (message.video, "video/mp4"),
        (message.animation, "video/mp4"),
        # an animation is told as a document too, for programs that are older than animations
        (message.document if message.animation is None else None, "application/octet-stream"),
        (message.sticker, "image/webp"),
        (message.voice, "audio/ogg"),
        (message.audio, "audio/mpeg"),
    )
    for file, media_type in usual:
        if file is not None:
            yield file.file_id, file.mime_type or media_type


def _media(message: WireMessage) -> Iterator[RemoteMedia]:
    for id, media_type in _files(message):
        yield RemoteMedia(url=f"{FILE}{id}", media_type=media_type)


def _part(words: str, entity: WireEntity) -> str:
    """Return what an entity is about; nothing where it lies outside of the text."""
    units = words.encode("utf-16-le", "surrogatepass")
    if entity.offset < 0 or entity.length < 0:
        return ""
    return units[2 * entity.offset : 2 * (entity.offset + entity.length)].decode("utf-16-le", "replace")


def _called(reaction: WireReaction) -> str:
    """Return a reaction as it is called here; empty: it is of a kind without a name."""
    if reaction.emoji is not None:
        return "like" if reaction.emoji == LIKE else reaction.emoji
    return "" if reaction.custom_emoji_id is None else f"custom:{reaction.custom_emoji_id}"
