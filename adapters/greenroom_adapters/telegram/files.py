"""Files that go along with a message, and those that come with one."""

from datetime import timedelta

from greenroom_adapters.contract import (
    ClipLimit,
    Limits,
    MediaLimit,
    MediaRefused,
    Post,
    RemoteMedia,
    Secret,
    TooLong,
)
from greenroom_adapters.media import Loaded, glance, load
from greenroom_adapters.telegram.api import Api
from greenroom_adapters.telegram.errors import UnknownPlace
from greenroom_adapters.telegram.mapping import FILE
from greenroom_adapters.telegram.signing_in import way
from greenroom_adapters.telegram.writing import ANIMATION
from greenroom_adapters.text import fits
from greenroom_adapters.transport import Effect, Http

__all__ = ["MEDIA_LIMIT", "fetch", "files_of", "must_fit"]

MEDIA_LIMIT = MediaLimit(
    count=10,
    types=frozenset({"image/png", "image/jpeg", "image/webp", ANIMATION, "video/mp4"}),
    bytes=10_000_000,
    alt_length=1500,
    shows_alt=False,
    # width and height of a photo are 10,000 together at most
    pixels=25_000_000,
    clip=ClipLimit(bytes=50_000_000, count=10),
)
"""`sendPhoto`, `sendVideo`, `sendMediaGroup`."""
REQUEST_BYTES = 50_000_000
PATIENCE = timedelta(seconds=60)


def must_fit(post: Post, limits: Limits, http: Http) -> None:
    """See that all of a post is within the limits.

    :raises PostRejected: it is not; the error says what is over which
    """
    if not fits(post.text, limits.text):
        raise http.error(TooLong, f"the text is over {limits.text[0].length} {limits.text[0].rule}")
    if not post.media or limits.media is None:
        return
    if not fits(post.text, limits.caption):
        words = f"a text beside a picture has at most {limits.caption[0].length} {limits.caption[0].rule} on Telegram"
        raise http.error(TooLong, words)
    try:
        glance(post.media, limits.media)
    except MediaRefused as refused:
        raise http.error(MediaRefused, str(refused)) from None
    if len(post.media) > 1 and any(one.media_type == ANIMATION for one in post.media):
        raise http.error(MediaRefused, "a GIF goes alone on Telegram: put the other files into a post of their own")


async def files_of(post: Post, http: Http) -> list[Loaded]:
    """Read the files of a post.

    :raises MediaRefused: one cannot be read, or all of them are too much for one request
    """
    try:
        files = [await load(media) for media in post.media]
    except MediaRefused as refused:
        raise http.error(MediaRefused, str(refused)) from None
    if sum(len(file.content) for file in files) > REQUEST_BYTES:
        raise http.error(MediaRefused, "the files of one message are over 50 MB together: attach fewer")
    return files


async def fetch(media: RemoteMedia, *, api: Api, token: Secret, base_url: str, most: int) -> bytes:
    """Return a file that was sent to the bot, of at most so many bytes.

    :raises MediaRefused: it is none, or Telegram does not hand it out (it does up to 20 MB)
    :raises AdapterError: it is too large, or cannot be fetched now
    """
    if not media.url.startswith(FILE):
        raise api.http.error(MediaRefused, "it is no file of Telegram")
    path = await api.file(media.url.removeprefix(FILE))
    if path.startswith("/") or ".." in path.split("/") or not path.isprintable() or set("?#% ") & set(path):
        raise api.http.error(
            MediaRefused, "the file lies on the disk of the Bot API server, and not behind its address"
        )
    http = api.http
    files = way(token, base_url, platform=http.platform, account=http.account, files=True, body_cap=most)
    async with files:
        try:
            return (await files.call("GET", f"/{path}", effect=Effect.REPEATABLE, deadline=PATIENCE)).body
        except UnknownPlace as refused:
            # here a place that leads nowhere is that of the file: Telegram keeps one ready for an hour
            raise http.error(MediaRefused, f"the file is not there any more: {refused}") from None
