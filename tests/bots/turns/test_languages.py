"""A post says which language it is in: the persona's first, or the asker's where the persona speaks it."""

from pathlib import Path

import pytest

from greenroom.storage import State
from greenroom.testing import Trial


async def answered_in(folder: Path, languages: str, asked: str | None, rules: str = "answer: mentions\n") -> str | None:
    trial = Trial(folder, rules=rules)
    persona = trial.path.with_name("ada.yaml")
    persona.write_text(persona.read_text(encoding="utf-8") + f"languages: {languages}\n", encoding="utf-8")
    async with trial:
        trial.mention(language=asked)
        await trial.counted({State.SENT: 1})
    return trial.platform.posts[0][1].language


@pytest.mark.parametrize(
    ("languages", "asked", "said"),
    [
        ("[pt, en]", "en", "en"),
        ("[pt, en]", "en-GB", "en"),
        ("[pt-BR, en]", "pt", "pt-BR"),
        ("[pt, pt-BR]", "pt-br", "pt-BR"),
        ("[pt, en]", "de", "pt"),
        ("[pt, en]", None, None),
        ("[pt]", None, "pt"),
        ("[pt]", "de", "pt"),
    ],
)
@pytest.mark.asyncio
async def test_an_answer_is_marked_with_the_language_that_it_is_in(
    tmp_path: Path, languages: str, asked: str | None, said: str | None
) -> None:
    assert await answered_in(tmp_path, languages, asked) == said


@pytest.mark.asyncio
async def test_fixed_words_are_in_the_first_language_whoever_asked(tmp_path: Path) -> None:
    rules = "answer: {to: mentions, say: Boa noite.}\n"
    assert await answered_in(tmp_path, "[pt, en]", "en", rules) == "pt"


@pytest.mark.asyncio
async def test_what_the_program_says_by_itself_is_not_marked(tmp_path: Path) -> None:
    trial = Trial(tmp_path)
    async with trial:
        trial.mention("stop", language="en")
        await trial.counted({State.SENT: 1})
    assert trial.platform.posts[0][1].language is None
