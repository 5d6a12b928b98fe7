"""What holds before reputation or money is spent: guards with three questions, and the day's budget."""

from greenroom.policy.approval import FIRST_POSTS, FIRST_REPLIES
from greenroom.policy.budget import USD, Budget, Reserved, SpendLedger, start_of_day
from greenroom.policy.guard import (
    ABOUT,
    FORGET_ME,
    OWNERS,
    PAUSE,
    RESUME,
    START,
    STATUS,
    STOP,
    Guard,
    Terms,
    is_command,
    is_owners_words,
    is_stop_or_start,
)
from greenroom.policy.policy import Policy
from greenroom.policy.quiet import quiet_until
from greenroom.policy.switch import SWITCH
from greenroom.policy.verdict import ALLOW, Allow, Hold, Later, OnWords, Refuse, Repair, Verdict

__all__ = [
    "ABOUT",
    "ALLOW",
    "FIRST_POSTS",
    "FIRST_REPLIES",
    "FORGET_ME",
    "OWNERS",
    "PAUSE",
    "RESUME",
    "START",
    "STATUS",
    "STOP",
    "SWITCH",
    "USD",
    "Allow",
    "Budget",
    "Guard",
    "Hold",
    "Later",
    "OnWords",
    "Policy",
    "Refuse",
    "Repair",
    "Reserved",
    "SpendLedger",
    "Terms",
    "Verdict",
    "is_command",
    "is_owners_words",
    "is_stop_or_start",
    "quiet_until",
    "start_of_day",
]
