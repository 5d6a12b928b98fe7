"""The form in which a post goes out on one account: what its platform has no place for is written into its text."""

from dataclasses import dataclass, replace
from datetime import timedelta

from greenroom.storage import Due
from greenroom_adapters.contract import (
    Capabilities,
    Embed,
    EmbedLimit,
    Limits,
    Poll,
    PollLimit,
    Post,
    Surface,
    TextLimit,
    Visibility,
)
from greenroom_adapters.text import count, cut, fits

__all__ = ["FEED", "PLAIN", "Form", "Misfit", "beside_media", "fed_words", "form_of", "form_of_due", "form_with_embed"]

FEED = "feed"
"""What stands in a draft for an engine: the words of a feed, in the owner's template."""


class Misfit(Exception):
    """The account cannot show it as it is wanted; the message says why, in words for the bot's owner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What goes around the words of a post."""

    before: str = ""
    """Stands above the words."""
    after: str = ""
    """Stands below them."""
    beside: str = ""
    """Is shown apart from the words, and counted with them by some platforms."""
    visibility: Visibility | None = None
    warning: str | None = None
    poll: Poll | None = None
    embed: Embed | None = None
    shows_media: bool = True
    caption: tuple[TextLimit, ...] = ()
    """What the words may measure besides, because media goes with them."""
    changes: tuple[str, ...] = ()
    """What is otherwise than it was wanted, in words for the bot's owner: "`poll` becomes lines of the text"."""

    def room_for_words(self, limits: tuple[TextLimit, ...]) -> tuple[TextLimit, ...]:
        """Return what the words may measure.

        :raises Misfit: nothing is left for them
        """
        limits = (*limits, *self.caption)
        around = self.before + self.after + self.beside
        if not around:
            return limits
        left = tuple(replace(limit, length=limit.length - count(around, limit.rule)) for limit in limits)
        if any(limit.length < 1 for limit in left):
            raise Misfit("what goes with it leaves no room for words")
        return left

    def around(self, post: Post) -> Post:
        """Return the post in this form. For the first of a thread."""
        if self is PLAIN:
            return post
        return replace(
            post,
            text=f"{self.before}{post.text}{self.after}",
            visibility=self.visibility,
            content_warning=self.warning,
            poll=self.poll,
            embed=self.embed,
            media=post.media if self.shows_media else (),
        )

    def below(self, post: Post) -> Post:
        """Return a later post of the same thread in this form: as many see it, behind the same warning."""
        return post if self is PLAIN else replace(post, visibility=self.visibility, content_warning=self.warning)


PLAIN = Form()
"""Of nearly every post."""


def form_of_due(due: Due, capabilities: Capabilities) -> Form:
    """Return the form of a due post on the account with these capabilities.

    :raises Misfit: the account cannot show it
    """
    if due.room is not None and Surface.CHAT not in capabilities.surfaces:
        raise Misfit("there are no rooms to post in")
    is_plain = due.visibility is None and due.warning is None and due.poll is None and due.embed is None
    if is_plain and due.link is None and not due.media and due.picture is None:
        return PLAIN
    form = form_of(
        capabilities,
        visibility=due.visibility,
        warning=due.warning,
        poll=due.poll,
        embed=due.embed,
        has_media=bool(due.media) or due.picture is not None,
        is_public=due.room is None and due.direct_to is None,
    )
    if due.link is None or due.say is not None:
        # what is said without an engine has it in its words
        return form
    form = replace(form, after=f"{form.after}\n{due.link}")
    form.room_for_words(capabilities.limits.text)
    return form


def fed_words(due: Due, limits: tuple[TextLimit, ...]) -> str:
    """Return what is said of an item of a feed without an engine, with the link to it, within the limits: what is too
    long is cut, the link never is.

    :raises Misfit: the link alone is too long
    """
    words, link = due.say or "", due.link or ""
    if link in words and fits(words, limits):
        return words
    below = f"\n{link}" if link else ""
    left = tuple(replace(limit, length=limit.length - count(below, limit.rule)) for limit in limits)
    if any(limit.length < 1 for limit in left):
        raise Misfit("the link of its item leaves no room for words")
    return cut(words.replace(link, "").strip() if link else words, left) + below


def form_of(
    capabilities: Capabilities,
    *,
    visibility: Visibility | None,
    warning: str | None,
    poll: Poll | None,
    embed: Embed | None = None,
    has_media: bool,
    is_public: bool,
) -> Form:
    """Return the form of a post on the account with these capabilities; `is_public`: it goes to no room, and not to one
    person alone, so that there is a choice who sees it.

    A warning becomes the first line of the text where there are none, a poll becomes numbered lines, and an embed lines
    below them. A visibility is
    left out where there is nothing to choose; where there is, and it is not among it, nobody else's is taken. A picture
    is left out where nothing can be attached.

    :raises Misfit: the account cannot show it
    """
    form, changes = Form(), list[str]()
    if visibility is not None:
        if is_public and visibility in capabilities.visibilities:
            form = replace(form, visibility=visibility)
        elif is_public and capabilities.visibilities:
            there = ", ".join(sorted(capabilities.visibilities))
            raise Misfit(f"`visibility: {visibility}` cannot be chosen there; there is: {there}")
        else:
            changes.append("`visibility` is left out: there is nothing to choose")
    if warning is not None and capabilities.content_warnings:
        form = replace(form, warning=warning, beside=warning)
    elif warning is not None and warning in capabilities.warning_labels:
        form = replace(form, warning=warning)
    elif warning is not None:
        form = replace(form, before=f"CW: {warning}\n\n")
        labels = ", ".join(sorted(capabilities.warning_labels))
        there = f"it is none of the labels {labels}" if labels else "there are no content warnings"
        changes.append(f"`warning` becomes the first line of the text: {there}")
    limit = capabilities.limits.poll
    if poll is not None and limit is not None:
        _must_fit(poll, limit)
        form = replace(form, poll=poll)
    elif poll is not None:
        lines = "\n".join(f"{number}. {option}" for number, option in enumerate(poll.options, 1))
        form = replace(form, after=f"\n\n{lines}")
        changes.append("`poll` becomes lines of the text: there are no polls")
    form, changes = _with_embed(form, embed, capabilities.limits.embed, changes)
    if has_media and capabilities.limits.media is None:
        form = replace(form, shows_media=False)
        changes.append("`picture` is left out: nothing can be attached")
    form = replace(form, changes=tuple(changes))
    if has_media:
        form = beside_media(form, capabilities.limits)
    form.room_for_words(capabilities.limits.text)
    return form


def beside_media(form: Form, limits: Limits) -> Form:
    """Return the form of a post with media, on an account with these limits."""
    return form if limits.media is None or not limits.caption else replace(form, caption=limits.caption)


def form_with_embed(embed: Embed, capabilities: Capabilities) -> Form:
    """Return the form of an answer that shows an embed, on the account with these capabilities.

    :raises Misfit: the account cannot show it
    """
    return form_of(
        capabilities, visibility=None, warning=None, poll=None, embed=embed, has_media=False, is_public=False
    )


def _with_embed(
    form: Form, embed: Embed | None, limit: EmbedLimit | None, changes: list[str]
) -> tuple[Form, list[str]]:
    if embed is None:
        return form, changes
    if limit is None:
        added = [*changes, "`embed` becomes lines of the text: there are no embeds"]
        return replace(form, after=f"{form.after}\n\n{embed.lines}"), added
    if (wrong := limit.wrong_with(embed)) is not None:
        raise Misfit(f"`embed` does not fit: {wrong}")
    return replace(form, embed=embed), changes


def _must_fit(poll: Poll, limit: PollLimit) -> None:
    if len(poll.options) > limit.options:
        raise Misfit(f"`poll` has {len(poll.options)} answers, and at most {limit.options} are possible there")
    for option in poll.options:
        if len(option) > limit.option_length:
            raise Misfit(
                f"an answer of `poll` has {len(option)} characters, and {limit.option_length} are possible there"
            )
    if not limit.shortest <= poll.open_for <= limit.longest:
        raise Misfit(
            f"`poll` is open for {_words(poll.open_for)}, and from {_words(limit.shortest)} to "
            f"{_words(limit.longest)} is possible there"
        )


def _words(length: timedelta) -> str:
    seconds = int(length.total_seconds())
    for unit, word in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds % unit == 0 and seconds:
            return f"{seconds // unit} {word if seconds > unit else word.removesuffix('s')}"
    return f"{seconds} seconds"
