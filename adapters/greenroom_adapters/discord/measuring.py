"""Whether a post is what a message can be, and its files as they are sent: the same for bots and for webhooks."""

from greenroom_adapters.contract import Limits, MediaRefused, Poll, Post, PostRejected, TooLong, Unsupported
from greenroom_adapters.discord.writing import QUESTION, REQUEST_BYTES, names
from greenroom_adapters.media import Loaded, glance, load
from greenroom_adapters.text import fits
from greenroom_adapters.transport import Http

__all__ = ["files_of", "must_fit"]


def must_fit(post: Post, limits: Limits, http: Http) -> None:
    """See that all of a post is within the limits.

    :raises PostRejected: it is not; the error says what is over which
    """
    if not fits(post.text, limits.text):
        raise http.error(TooLong, f"the text is over {limits.text[0].length} {limits.text[0].rule}")
    if post.poll is not None:
        _poll_must_fit(post.text, post.poll, limits, http)
    if post.embed is not None and limits.embed is not None:
        if (wrong := limits.embed.wrong_with(post.embed)) is not None:
            raise http.error(TooLong, f"the embed does not fit: {wrong}")
        if post.poll is not None:
            raise http.error(PostRejected, "a message has a poll or an embed")
    if limits.media is None or not post.media:
        return
    try:
        glance(post.media, limits.media)
    except MediaRefused as refused:
        raise http.error(MediaRefused, str(refused)) from None


def _poll_must_fit(question: str, poll: Poll, limits: Limits, http: Http) -> None:
    limit = limits.poll
    if limit is None:
        raise http.error(Unsupported, "there are no polls here")
    if len(question) > QUESTION:
        raise http.error(TooLong, f"the question of a poll is over {QUESTION} characters")
    if not 2 <= len(poll.options) <= limit.options or len(set(poll.options)) < len(poll.options):
        raise http.error(PostRejected, f"a poll has 2 to {limit.options} answers, no two alike")
    if any(not 1 <= len(option) <= limit.option_length for option in poll.options):
        raise http.error(PostRejected, f"an answer of a poll has 1 to {limit.option_length} characters")
    if not limit.shortest <= poll.open_for <= limit.longest:
        raise http.error(PostRejected, f"a poll is open for {limit.shortest} to {limit.longest}")


async def files_of(post: Post, http: Http) -> list[tuple[str, Loaded]]:
    """Read the files of a post, each with the name that it is sent under.

    :raises MediaRefused: one cannot be read, or all of them are too much for one message
    """
    try:
        files = [await load(media) for media in post.media]
    except MediaRefused as refused:
        raise http.error(MediaRefused, str(refused)) from None
    if sum(len(file.content) for file in files) > REQUEST_BYTES:
        raise http.error(MediaRefused, "the files of one message are over 25 MiB together: attach fewer")
    return names(files)
