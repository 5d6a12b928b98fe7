"""Who lets a draft out: nobody, a person for what could do harm, or a person for everything."""

import re
from collections.abc import Callable
from typing import Any

from typing_extensions import override

from greenroom.policy.guard import Guard, Terms, is_owners_words, is_stop_or_start, is_word
from greenroom.policy.verdict import ALLOW, Hold, OnWords
from greenroom.settings import AnswerRule, Approve
from greenroom.storage import CLOCK, Draft, Due, Ledger, State, Turn
from greenroom_adapters.contract import TextEvent
from greenroom_adapters.text import find_links

__all__ = ["FIRST_POSTS", "FIRST_REPLIES", "Approval"]

FIRST_POSTS, FIRST_REPLIES = 5, 20
"""So many of each a person looks at before a real account speaks for itself."""

_FACT = "spoken:"
"""Beginning of the facts that keep how much an account has said, however much of it retention has emptied."""
_OWNERS = frozenset({"say", "lines", "act"})
"""Engines that read out what stands in the owner's files, and what is done without words as they say."""

_MAY_BE_LINK = re.compile(r"\.\w|://")
MONEY = re.compile(
    r"[$€£¥₿] ?\d|\d ?(?:[$€£¥₿]|usd\b|eur\b|gbp\b|dollars?\b|euros?\b|pounds?\b)"
    r"|\b(?:refunds?|invoices?|payments?|invest(?:ing|ments?)?|loans?|bitcoin|crypto\w*|lawyers?|lawsuits?|sue[sd]?)\b",
    re.IGNORECASE,
)
_IN_NUMBERS = re.compile(r"[$\d]")
_OF_MONEY = ("refund", "invoice", "payment", "invest", "loan", "bitcoin", "crypto", "law", "sue")
"""Every word of money or law has one of these in it, where it has plain letters alone."""
_PLAIN_WORDS = frozenset(
    {"about", "advice", "anything", "every", "lives", "matters", "other", "others", "people", "private", "questions"}
    | {"talk", "their", "things", "topics", "which"}
)
"""Words of a `never` topic that say nothing of what it is about."""


class Approval(Guard):
    """Holds drafts for a person, as `approve` says, and generated answers where their platform wants it, whatever it
    says.

    `risky`: on a real account the first posts and replies, a link, a word of money or law, and what comes near a topic
    of `never`, in the question (in all that the engine read of it) or in the answer. The owner's own words need
    nobody's approval, and are not counted among the first. What was allowed under other terms and has not gone out is
    looked at again by those of now.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._sent: dict[str, tuple[int, int]] = {}
        """Account → (posts, replies) that went out, counted up to the numbers that matter."""
        self._platforms: dict[str, str] = {}
        """Account → why its platform has a person look at each generated answer."""
        self._cleared: dict[int, tuple[str, ...]] = {}
        """Seq of a turn under way → its words in which the files of now have nothing that a person must see."""

    async def load(self, terms: Terms) -> None:
        """Count what went out before."""
        kept = await self._ledger.facts(_FACT)
        for account in terms.file.accounts:
            posts, replies = await self._ledger.spoken(account, up_to=max(FIRST_POSTS, FIRST_REPLIES))
            known_posts, _, known_replies = kept.get(f"{_FACT}{account}", "0 0").partition(" ")
            sent = (max(posts, int(known_posts)), max(replies, int(known_replies)))
            self._sent[account] = sent
            if posts > int(known_posts) or replies > int(known_replies):
                self._ledger.remember(f"{_FACT}{account}", f"{sent[0]} {sent[1]}")

    @override
    def use(self, terms: Terms) -> None:
        self._terms = terms
        self._cleared.clear()
        words = {word for topic in terms.persona.never for word in re.findall(r"\w{5,}", topic.casefold())}
        stems = sorted(re.escape(word) for word in words - _PLAIN_WORDS)
        self._never = re.compile(rf"\b(?:{'|'.join(stems)})", re.IGNORECASE) if stems else None

    def platform_wants(self, account: str, why: str | None) -> None:
        """Hear why the platform of an account has a person look at each generated answer; None: it does not."""
        if self._platforms.get(account) != why:
            if why is None:
                del self._platforms[account]
            else:
                self._platforms[account] = why
            self.changed()

    @override
    def asked(self, question: str, rule: AnswerRule | None) -> Callable[..., Any] | None:
        if rule is not None and question in ("may_say", "may_send") and not self._platforms:
            approve = self._terms.file.approve if rule.approve is None else rule.approve
            if approve is Approve.NEVER:
                return None
        return super().asked(question, rule)

    @override
    def may_say(self, turn: Turn, draft: Draft) -> OnWords:
        if (why := self._held_by_platform(turn, draft)) is not None:
            return Hold(why)
        approve = self._terms.approve(turn)
        if approve is Approve.NEVER or draft.approved or is_owners_words(turn):
            return ALLOW
        if is_stop_or_start(turn) or is_word(turn):
            return ALLOW
        if approve is Approve.ALWAYS:
            return Hold("its owner looks at everything first")
        if turn.account in self._terms.local or draft.engine in ("say", "act"):
            return ALLOW
        reasons = [*self._first(turn), *self._risks(turn, draft)]
        if reasons:
            return Hold("; ".join(reasons))
        self._cleared[turn.seq] = draft.parts
        return ALLOW

    @override
    def may_send(self, turn: Turn) -> OnWords:
        draft = turn.draft
        if draft is None:
            return ALLOW
        if self._cleared.get(turn.seq) != draft.parts:
            return self.may_say(turn, draft)
        return ALLOW if (why := self._held_by_platform(turn, draft)) is None else Hold(why)

    @override
    def rested(self, turn: Turn) -> None:
        if self._cleared:
            self._cleared.pop(turn.seq, None)
        if turn.state is not State.SENT or turn.draft is None or turn.draft.engine in _OWNERS:
            return
        posts, replies = self._sent.get(turn.account, (0, 0))
        is_post = turn.kind == CLOCK
        if (posts >= FIRST_POSTS) if is_post else (replies >= FIRST_REPLIES):
            return
        posts, replies = self._sent[turn.account] = (posts + is_post, replies + (not is_post))
        self._ledger.remember(f"{_FACT}{turn.account}", f"{posts} {replies}")

    def is_held_anyway(self, turn: Turn) -> bool:
        """Say whether what an engine finds for this turn waits for a person, whatever it is."""
        if turn.kind != CLOCK and turn.account in self._platforms:
            return True
        approve = self._terms.approve(turn)
        is_new = approve is Approve.RISKY and turn.account not in self._terms.local and bool(self._first(turn))
        return approve is Approve.ALWAYS or is_new

    def _held_by_platform(self, turn: Turn, draft: Draft) -> str | None:
        if turn.kind == CLOCK or draft.approved or draft.engine in _OWNERS:
            return None
        why = self._platforms.get(turn.account)
        return None if why is None or is_stop_or_start(turn) or is_word(turn) else why

    def _first(self, turn: Turn) -> list[str]:
        posts, replies = self._sent.get(turn.account, (0, 0))
        if turn.kind == CLOCK:
            return [f"one of the first {FIRST_POSTS} posts of a real account"] if posts < FIRST_POSTS else []
        return [f"one of the first {FIRST_REPLIES} replies of a real account"] if replies < FIRST_REPLIES else []

    def _risks(self, turn: Turn, draft: Draft) -> list[str]:
        text = "\n".join(draft.parts)
        asked = "\n".join((turn.event.text, *draft.read)) if isinstance(turn.event, TextEvent) else ""
        linked = text
        if isinstance(turn.event, Due) and turn.event.material is not None:
            asked = turn.event.material
            # the owner chose the feed, and the link to its item is what the post is for
            linked = text.replace(turn.event.link, "") if turn.event.link else text
        reasons: list[str] = []
        if _MAY_BE_LINK.search(linked) and find_links(linked):
            reasons.append("it has a link")
        if (found := money_in(text) or money_in(asked)) is not None:
            reasons.append(f"it is about money or law (`{found[0]}`)")
        if self._never is not None and (found := self._never.search(text) or self._never.search(asked)) is not None:
            reasons.append(f"it comes near a topic that is never talked about (`{found[0]}`)")
        return reasons


def money_in(text: str) -> re.Match[str] | None:
    """Return the first that is about money or law. Most texts are seen at a glance to have nothing of it."""
    if text.isascii() and _IN_NUMBERS.search(text) is None:
        lowered = text.lower()
        for part in _OF_MONEY:  # a plain loop: this runs for every reply of a real account
            if part in lowered:
                break
        else:
            return None
    return MONEY.search(text)
