"""What the policy costs: CPU microseconds for a turn that passes every guard of a real account.

    python tests/benchmarks/guards.py [TURNS]

Prints one JSON object: `reply_us` and `post_us`, each for the three questions and the word that the turn rests. A post
is compared with the account's last posts, which is the dearest of the guards.
"""

import asyncio
import json
import random
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from greenroom.clock import SystemClock, to_micros
from greenroom.personas import load_persona
from greenroom.policy import ALLOW, FIRST_POSTS, FIRST_REPLIES, Policy, Terms
from greenroom.settings import Rate, load_bot
from greenroom.storage import CLOCK, Draft, Due, SqliteLedger, State, Turn
from greenroom_adapters.contract import Author, MentionReceived, PostRef, Surface, Trust

TURNS = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
GENEROUS = Rate(count=10**9, per=timedelta(hours=1))
WORDS = "The wind has gone round to the north and the lamp was lit at two minutes past six, as the log says. "
FIRST = (FIRST_POSTS, FIRST_REPLIES)
"""Posts and replies that a person has let out before an account speaks for itself."""


def reply(number: int) -> Turn:
    event = MentionReceived(
        id=f"e{number}",
        source="s",
        cursor="1",
        occurred_at=datetime.now(UTC),
        post=PostRef(id=f"p{number}"),
        author=Author(id=f"u{number % 500}", handle="somebody"),
        text="@ada is the lamp lit, and will it be fine tomorrow?",
        conversation=f"c{number}",
    )
    now = to_micros(event.occurred_at)
    lane = f"home/{event.conversation}"
    turn = Turn(
        "home",
        event.id,
        lane,
        event.kind,
        event,
        Surface.REPLY,
        "answer 1",
        Trust.ANYONE,
        now,
        now + 10**10,
        event.post.id,
    )
    turn.seq = number
    return turn


def post(number: int) -> Turn:
    event = Due(name="log", period=str(number), due=datetime.now(UTC), about="the sea")
    now = to_micros(event.due)
    turn = Turn("home", event.id, "home/post:log", CLOCK, event, Surface.POST, "log", Trust.OWNER, now, now + 10**10)
    turn.seq = 10**6 + number
    return turn


def cost(policy: Policy, turns: list[Turn], drafts: list[Draft]) -> float:
    """Return the CPU microseconds of a turn."""
    began = time.process_time()
    for turn, draft in zip(turns, drafts, strict=True):
        allowed = policy.may_answer(turn) is ALLOW and policy.may_say(turn, draft) is ALLOW
        turn.draft = draft
        allowed = allowed and policy.may_send(turn) is ALLOW
        turn.state = State.SENT
        policy.rested(turn)
        assert allowed
    return (time.process_time() - began) * 1e6 / len(turns)


def let_the_first_out(policy: Policy) -> None:
    """Let the policy hear of as many posts and replies as a person looks at first."""
    for make, count in zip((post, reply), FIRST, strict=True):
        for number in range(count):
            turn = make(-1 - number)
            turn.draft = Draft(parts=(f"Number {number}.",), engine="model")
            turn.state = State.SENT
            policy.rested(turn)


async def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="greenroom-guards-"))
    (folder / "ada.yaml").write_text("persona: Ada\nwho: keeps the lighthouse\nnever: [party politics]\n")
    (folder / "bot.yaml").write_text("bot: bench\npersona: ada.yaml\naccounts: {home: stage}\nanswer: mentions\n")
    file = load_bot(folder / "bot.yaml")
    per = dict.fromkeys(("posts", "replies", "replies_per_person", "replies_per_thread"), GENEROUS)
    file = file.model_copy(update={"limits": file.limits.model_copy(update=per)})
    async with SqliteLedger(folder / "bench.db", bot="bench", clock=SystemClock()) as ledger:
        # no account is local here: all guards of a real one
        policy = Policy(ledger, SystemClock(), Terms(file=file, persona=load_persona(file.persona)))
        await policy.load()
        let_the_first_out(policy)
        replies = [reply(number) for number in range(1, TURNS + 1)]
        answers = [Draft(parts=(f"It is lit. {WORDS}",), engine="model") for _ in replies]
        posts = [post(number) for number in range(TURNS // 10)]
        chance = random.Random(1)  # noqa: S311 - words, the same in every run
        letters = "abcdefghijklmnopqrstuvwxyz"
        lines = [" ".join("".join(chance.choices(letters, k=5)) for _ in range(45)) for _ in posts]
        texts = [Draft(parts=(line,), engine="model") for line in lines]
        print(json.dumps({"reply_us": cost(policy, replies, answers), "post_us": cost(policy, posts, texts)}))  # noqa: T201 - the result


asyncio.run(main())
