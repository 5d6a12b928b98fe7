"""What a rule always says, with the name of whoever asks in it."""

import pytest

from greenroom.generation.fixed import FixedWords
from greenroom_adapters.contract import Author


@pytest.mark.parametrize("name", ["@bea #news https://bea.example", "\uff20bea \uff03news https\uff20://bea.example"])
def test_a_strangers_name_calls_nobody_and_leads_nowhere(name: str) -> None:
    words = FixedWords("Thank you, {{ author.name }}.", rule="r1")
    said = words.render(Author(id="1", handle="bo", name=name), bot="ada")
    assert said == "Thank you, bea news https bea.example."
