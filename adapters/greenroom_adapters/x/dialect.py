"""The two vocabularies of API v2: `tweet.*` up to contract 2.159, `post.*` from 2.167 on."""

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["DIALECTS", "Dialect"]

Fields = Mapping[str, tuple[str, ...]]
"""Parameters of a look-up, by the names that tweepy gives them."""

USER = ("id", "name", "username", "description", "protected")
MEDIA = ("media_key", "type", "url", "preview_image_url", "alt_text")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What is asked for, in one vocabulary."""

    posts: Fields
    """Of look-ups and timelines of posts."""
    messages: Fields
    """Of direct messages."""
    people: Fields
    """Of people."""
    renamed: Mapping[str, str] = field(default_factory=dict[str, str])
    """Parameter as tweepy writes it → as it goes out."""
    activities: tuple[str, ...]
    """Activities of others that X can be asked to tell by itself."""
    one_way: bool
    """X can be asked for those alone that come in."""
    discloses_ai: bool
    """A post can say that a machine made its pictures (`made_with_ai`)."""


DIALECTS: Mapping[str, Dialect] = {
    "tweet": Dialect(
        posts={
            "tweet_fields": (
                *("author_id", "conversation_id", "created_at", "display_text_range", "entities", "id"),
                *("in_reply_to_user_id", "lang", "note_tweet", "public_metrics", "referenced_tweets", "text"),
            ),
            "expansions": ("author_id", "referenced_tweets.id", "attachments.media_keys"),
            "user_fields": USER,
            "media_fields": MEDIA,
        },
        messages={
            "dm_event_fields": (
                *("attachments", "created_at", "dm_conversation_id", "event_type", "id", "participant_ids"),
                *("sender_id", "text", "entities"),
            ),
            "expansions": ("sender_id", "attachments.media_keys"),
            "user_fields": USER,
            "media_fields": MEDIA,
        },
        people={"user_fields": USER},
        activities=("follow.follow",),
        one_way=False,
        discloses_ai=False,
    ),
    # Who wrote a post and what it refers to are no fields there any more: they come with the expansions.
    "post": Dialect(
        posts={
            "tweet_fields": (
                *("conversation_id", "created_at", "display_text_range", "entities", "id", "lang", "note_post"),
                *("public_metrics", "text"),
            ),
            "expansions": ("author_id", "referenced_posts", "in_reply_to_user_id", "attachments.media_keys"),
            "user_fields": USER,
            "media_fields": MEDIA,
        },
        messages={
            "dm_event_fields": (
                *("attachments", "created_at", "dm_conversation_id", "event_type", "id", "text", "entities"),
            ),
            "expansions": ("sender_id", "participant_ids", "attachments.media_keys"),
            "user_fields": USER,
            "media_fields": MEDIA,
        },
        people={"user_fields": USER},
        renamed={"tweet.fields": "post.fields"},
        activities=("post.mention.create", "dm.received", "like.create", "follow.follow", "post.delete"),
        one_way=True,
        discloses_ai=True,
    ),
}
