"""What holds before reputation or money is spent: guards with three questions, and the day's budget."""

from greenroom.policy.approval import FIRST_POSTS, FIRST_REPLIES
from greenroom.policy.budget import USD, Budget, Lack, Reserved, SpendLedger, start_of_day
from greenroom.policy.caps import POSTS_OF_REAL_ACCOUNTS
from greenroom.policy.guard import (
    ABOUT,
    FORGET_ME,
    ORDERS,
    OWNERS,
    PAUSE,
    RESUME,
    START,
    STATUS,
    STOP,
    UNASKED,
    WHAT_YOU_KNOW,
    WORD,
    Guard,
    Terms,
    is_command,
    is_owners_words,
    is_stop_or_start,
    is_word,
)
from greenroom.policy.moderating import Order, Word, order_of, read_order, rule_of_order
from greenroom.policy.policy import Policy
from greenroom.policy.quiet import quiet_until
from greenroom.policy.repeats import REPEATED, SAID_BEFORE
from greenroom.policy.settling import settle_realms
from greenroom.policy.strangers import Standing, Stranger, Strangers, Wish, read_beginnings, read_strangers
from greenroom.policy.switch import EVERY_ACCOUNT, SWITCH, why_paused
from greenroom.policy.verdict import ALLOW, Allow, Hold, Later, OnWords, Refuse, Repair, Verdict

__all__ = [
    "ABOUT",
    "ALLOW",
    "EVERY_ACCOUNT",
    "FIRST_POSTS",
    "FIRST_REPLIES",
    "FORGET_ME",
    "ORDERS",
    "OWNERS",
    "PAUSE",
    "POSTS_OF_REAL_ACCOUNTS",
    "REPEATED",
    "RESUME",
    "SAID_BEFORE",
    "START",
    "STATUS",
    "STOP",
    "SWITCH",
    "UNASKED",
    "USD",
    "WHAT_YOU_KNOW",
    "WORD",
    "Allow",
    "Budget",
    "Guard",
    "Hold",
    "Lack",
    "Later",
    "OnWords",
    "Order",
    "Policy",
    "Refuse",
    "Repair",
    "Reserved",
    "SpendLedger",
    "Standing",
    "Stranger",
    "Strangers",
    "Terms",
    "Verdict",
    "Wish",
    "Word",
    "is_command",
    "is_owners_words",
    "is_stop_or_start",
    "is_word",
    "order_of",
    "quiet_until",
    "read_beginnings",
    "read_order",
    "read_strangers",
    "rule_of_order",
    "settle_realms",
    "start_of_day",
    "why_paused",
]
