"""What a prompt costs to put together, for many conversations at once.

    python tests/benchmarks/prompts.py [CONVERSATIONS [TURNS]]

Puts so many conversations of so many turns each into a ledger, lets each person have said three things of himself and
each question be looked up in documents, and puts the next prompt of all of them together at the same time. Prints one
JSON object: `prompts`, `seconds` for all of them, `ms_each` of CPU, `tokens` of one, and `mb` by which the process has
grown meanwhile.
"""

import asyncio
import json
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from greenroom.clock import SystemClock
from greenroom.generation import Brief
from greenroom.generation.history import lines_of
from greenroom.generation.prompt import compose
from greenroom.generation.room import tokens_of
from greenroom.memory import Library
from greenroom.personas import Knowledge
from greenroom.personas.persona import Persona
from greenroom.storage import Audience, Draft, PersonFact, SqliteLedger, State, Turn
from greenroom_adapters.contract import Author, MentionReceived, PostRef, Surface, TextLimit, Trust

CONVERSATIONS = int(sys.argv[1]) if len(sys.argv) > 1 else 100
TURNS = int(sys.argv[2]) if len(sys.argv) > 2 else 50
WORDS = "The wind has gone round to the north and the lamp was lit at two minutes past six, as the log says. "


def turn(conversation: int, number: int) -> Turn:
    event = MentionReceived(
        id=f"e{conversation}-{number}",
        source="s",
        cursor="1",
        occurred_at=datetime.now(UTC),
        post=PostRef(id=f"p{conversation}-{number}"),
        author=Author(id=f"u{conversation}", handle=f"person{conversation}"),
        text=f"And then, {number}? {WORDS}",
        conversation=f"c{conversation}",
    )
    made = Turn(
        "home", event.id, event.conversation, event.kind, event, Surface.REPLY, "answer", Trust.ANYONE, 1, 10**17
    )
    made.state, made.draft = State.SENT, Draft(parts=(f"{number}: {WORDS}",), engine="script")
    return made


async def prepare(ledger: SqliteLedger, folder: Path) -> Library:
    for conversation in range(CONVERSATIONS):
        for number in range(TURNS):
            made = turn(conversation, number)
            ledger.receive(made)
            ledger.save(made)
        for kind in ("name", "interests", "boat"):
            fact = PersonFact(
                platform="stage",
                person=f"u{conversation}",
                kind=kind,
                text=f"{kind} of {conversation}",
                audience=Audience.EVERYBODY,
                place="",
                account="home",
                event_id=f"e{conversation}-0",
                said=1,
            )
            ledger.note_fact(fact, single=False)
        await ledger.committed()
    for number in range(40):
        (folder / f"{number}.md").write_text(
            f"# Watch {number}\n\n" + f"On watch {number} the lamp was lit. {WORDS}\n" * 6
        )
    library = Library(Knowledge(files=(folder / "*.md",)), clock=SystemClock())
    await library.look()
    return library


async def main() -> None:
    persona = Persona(persona="Ada", who="keeps the lighthouse")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with SqliteLedger(folder / "ada.db", bot="ada", clock=SystemClock()) as ledger:
            library = await prepare(ledger, folder)

            async def prompt(conversation: int) -> int:
                said = f"When was the lamp lit on watch {conversation % 40}?"
                brief = Brief(
                    persona=persona,
                    surface=Surface.REPLY,
                    limits=(TextLimit(length=500),),
                    seed=str(conversation),
                    said=said,
                    author=Author(id=f"u{conversation}", handle=f"person{conversation}"),
                    platform="stage",
                )
                lines = lines_of(await ledger.in_lane(f"c{conversation}", before=10**9, limit=200))
                facts = await ledger.facts_about("stage", f"u{conversation}")
                found = await library.find(said)
                made = compose(brief, lines, day=datetime.now(UTC).date(), found=found, facts=facts)
                return tokens_of(made.system) + tokens_of(made.user)

            before, memory = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            began = time.perf_counter()
            tokens = await asyncio.gather(*map(prompt, range(CONVERSATIONS)))
            seconds, cpu = time.perf_counter() - began, time.process_time() - before
            grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
            await library.aclose()
    figures = {
        "prompts": len(tokens),
        "seconds": round(seconds, 3),
        "ms_each": round(cpu / len(tokens) * 1e3, 3),
        "tokens": max(tokens),
        "mb": round(grown / 1024, 1),
    }
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    asyncio.run(main())
