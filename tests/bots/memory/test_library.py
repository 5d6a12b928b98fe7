"""The library: in step with the files, over restarts, and found by words and by meaning."""

import csv
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from vectors_fake import VectorServer

from greenroom.generation.embeddings import OpenAIEmbedder
from greenroom.generation.reach import Reach
from greenroom.memory import Library
from greenroom.personas import Knowledge
from greenroom.rehearsal import Pocket
from greenroom.testing.clock import ManualClock

CORPUS = Path(__file__).parent / "corpus"
Make = Callable[..., Library]


def embedder(vectors: VectorServer, clock: ManualClock) -> OpenAIEmbedder:
    return OpenAIEmbedder(Reach(model="small", server=vectors.url), purse=Pocket(0), clock=clock, price=None)


async def found(library: Library, question: str) -> list[str]:
    return [passage.text for passage in (await library.find(question)).passages]


@pytest.mark.asyncio
async def test_what_is_written_changed_and_deleted_is_known_at_the_next_look(shelf: Path, library_of: Make) -> None:
    library = library_of()
    (shelf / "lamp.md").write_text("The lamp burns oil.")
    assert await found(library, "what does the lamp burn?") == ["The lamp burns oil."]
    (shelf / "lamp.md").write_text("The lamp burns electricity since 1950.")
    (shelf / "stairs.txt").write_text("There are 142 stairs.")
    await library.look()
    assert await found(library, "what does the lamp burn?") == ["The lamp burns electricity since 1950."]
    assert await found(library, "how many stairs?") == ["There are 142 stairs."]
    (shelf / "lamp.md").unlink()
    await library.look()
    assert await found(library, "what does the lamp burn?") == []
    assert [one.title for one in await library.known()] == ["stairs"]


@pytest.mark.asyncio
async def test_what_was_deleted_is_gone_from_the_index_file(shelf: Path, tmp_path: Path, library_of: Make) -> None:
    library = library_of()
    (shelf / "kept.md").write_text("The lamp is lit at six.")
    (shelf / "gone.md").write_text("The harbourmaster's telephone is quixotical 4711.")
    await library.look()
    files = [tmp_path / f"ada.index{ending}" for ending in ("", "-wal", "-shm")]
    assert any(b"quixotical" in file.read_bytes() for file in files if file.exists())
    (shelf / "gone.md").unlink()
    await library.look()
    everything = b"".join(file.read_bytes() for file in files if file.exists())
    assert b"lit at six" in everything
    # neither as it was written nor as the index stems it
    assert b"quixot" not in everything
    assert b"4711" not in everything


@pytest.mark.asyncio
async def test_after_a_restart_only_what_has_changed_is_read_and_paid(
    shelf: Path, library_of: Make, vectors: VectorServer, clock: ManualClock
) -> None:
    for number in range(3):
        (shelf / f"{number}.md").write_text(f"Watch {number} saw a gull.")
    first = library_of(embedder=embedder(vectors, clock))
    await first.look()
    assert sum(map(len, vectors.asked)) == 3
    await first.aclose()
    (shelf / "1.md").write_text("Watch 1 saw a whale.")
    await library_of(embedder=embedder(vectors, clock)).look()
    assert vectors.asked[1:] == [["1\nWatch 1 saw a whale."]]


@pytest.mark.asyncio
@pytest.mark.parametrize("damage", [b"this is no database", b""])
async def test_a_broken_index_is_made_anew(shelf: Path, tmp_path: Path, library_of: Make, damage: bytes) -> None:
    (shelf / "lamp.md").write_text("The lamp burns oil.")
    (tmp_path / "ada.index").write_bytes(damage)
    assert await found(library_of(), "lamp") == ["The lamp burns oil."]


@pytest.mark.asyncio
async def test_one_broken_file_keeps_no_other_from_being_read(shelf: Path, library_of: Make) -> None:
    (shelf / "bad.md").write_bytes(b"\xff\xfe\xfd")
    (shelf / "good.md").write_text("The lamp burns oil.")
    library = library_of()
    assert {one.path.name: one.fault is None for one in await library.known()} == {"bad.md": False, "good.md": True}
    assert await found(library, "lamp") == ["The lamp burns oil."]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "question", ['what\'s up? "lamp" AND (', "lamp*", "NEAR(lamp)", "heading:lamp", "- lamp ^", "lamp\0", "“lamp”"]
)
async def test_no_question_is_taken_for_a_command_of_the_index(shelf: Path, library_of: Make, question: str) -> None:
    (shelf / "lamp.md").write_text("The lamp burns oil.")
    assert await found(library_of(), question) == ["The lamp burns oil."]


@pytest.mark.asyncio
async def test_what_the_documents_have_nothing_on_is_not_found(shelf: Path, library_of: Make) -> None:
    (shelf / "lamp.md").write_text("The lamp burns oil. What is lit is lit.")
    library = library_of()
    for question in ("what is the capital of Peru?", "", "   ", "???"):
        assert await found(library, question) == []


@pytest.mark.asyncio
async def test_other_documents_of_an_edited_persona_take_the_place_of_those_before(
    shelf: Path, library_of: Make
) -> None:
    (shelf / "a.md").write_text("The lamp burns oil.")
    (shelf / "b.md").write_text("The lamp burns gas.")
    library = library_of("a.md")
    assert await found(library, "lamp") == ["The lamp burns oil."]
    library.use(Knowledge(files=(shelf / "b.md",)))
    assert await found(library, "lamp") == ["The lamp burns gas."]
    library.use(None)
    assert await found(library, "lamp") == []


@pytest.mark.asyncio
async def test_a_passage_that_shares_no_word_is_found_by_its_meaning(
    shelf: Path, library_of: Make, vectors: VectorServer, clock: ManualClock
) -> None:
    (shelf / "jar.md").write_text("Honey attracts flies.")
    (shelf / "lamp.md").write_text("The lamp burns oil.")
    assert await found(library_of(), "sweets draw insects") == []
    meant = await found(library_of(embedder=embedder(vectors, clock)), "sweets draw insects")
    assert meant[0] == "Honey attracts flies."


@pytest.mark.asyncio
async def test_while_no_vectors_can_be_had_words_are_enough_and_the_record_says_so(
    shelf: Path, library_of: Make, vectors: VectorServer, clock: ManualClock
) -> None:
    (shelf / "lamp.md").write_text("The lamp burns oil.")
    vectors.status = 503
    library = library_of(embedder=embedder(vectors, clock))
    answer = await library.find("lamp")
    assert [one.text for one in answer.passages] == ["The lamp burns oil."]
    assert answer.notes == ("documents are looked through by words alone: its server has trouble (status 503)",)
    calls = len(vectors.asked)
    await library.find("lamp")
    assert len(vectors.asked) == calls, "it is left alone for a while"
    vectors.status = 200
    clock.turn(timedelta(minutes=1))
    await library.look()
    assert (await library.find("lamp")).notes == ()


async def recall(library: Library) -> float:
    """Return for how many of the questions their fable is among the five passages that are found."""
    with (CORPUS / "questions.csv").open(newline="") as file:
        questions = list(csv.DictReader(file))
    hits = 0
    for one in questions:
        passages = (await library.find(one["question"])).passages
        assert len(passages) <= 5
        hits += any(passage.heading == one["fable"] for passage in passages)
    return hits / len(questions)


@pytest.mark.asyncio
async def test_recall_at_five_on_the_fables(
    shelf: Path, library_of: Make, vectors: VectorServer, clock: ManualClock
) -> None:
    (shelf / "fables.md").write_bytes((CORPUS / "fables.md").read_bytes())
    by_words = await recall(library_of())
    fused = await recall(library_of(embedder=embedder(vectors, clock)))
    print(f"recall at 5: {by_words:.3f} by words, {fused:.3f} with the fake's vectors")  # noqa: T201 - a figure
    assert by_words >= 0.94
    assert fused >= 0.97
