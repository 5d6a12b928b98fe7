"""What a bot file asks of its persona is there, or its owner hears of it at its place."""

from pathlib import Path

import pytest
from PIL import Image

from greenroom.personas import load_persona, must_agree
from greenroom.settings import Mistakes, load_bot

BOT = """\
bot: ada
persona: ada.yaml
accounts: {home: stage}
"""


def agreed(folder: Path, rules: str) -> None:
    (folder / "ada.yaml").write_text("persona: Ada\nwho: a keeper\nfilters: {harbour: [mono]}\n", encoding="utf-8")
    Image.new("RGB", (8, 8)).save(folder / "sea.png")
    (folder / "bot.yaml").write_text(BOT + rules, encoding="utf-8")
    file = load_bot(folder / "bot.yaml")
    must_agree(file, load_persona(file.persona))


@pytest.mark.parametrize("name", ["harbour", "noir"])
def test_a_post_may_name_a_filter_of_the_persona_and_one_that_comes_with_greenroom(tmp_path: Path, name: str) -> None:
    agreed(tmp_path, f"post: {{at: 08:00, picture: {{file: sea.png, alt: sea, filter: {name}}}}}\n")


@pytest.mark.parametrize("names", ["all", "harbour", "[noir, harbour]"])
def test_a_rule_may_offer_them(tmp_path: Path, names: str) -> None:
    agreed(tmp_path, f"answer: {{to: mentions, filters: {names}}}\n")


@pytest.mark.parametrize(
    ("rules", "mistake"),
    [
        (
            "post: {at: 08:00, picture: {file: sea.png, alt: sea, filter: habour}}\n",
            "bot.yaml:4:54: `habour` is not a filter. Did you mean `harbour`?",
        ),
        (
            "post:\n  - {name: a, at: 08:00}\n"
            "  - {name: b, at: 09:00, picture: {file: sea.png, alt: sea, filter: twilight}}\n",
            "bot.yaml:6:61: `twilight` is not a filter. Write one of dusk, faded, grain, harbour",
        ),
        (
            "answer: {to: mentions, filters: [noir, twilight]}\n",
            "bot.yaml:4:40: `twilight` is not a filter. Write one of dusk, faded, grain, harbour",
        ),
    ],
)
def test_a_filter_that_is_not_there_is_told_at_its_place(tmp_path: Path, rules: str, mistake: str) -> None:
    with pytest.raises(Mistakes) as found:
        agreed(tmp_path, rules)
    assert mistake in str(found.value)
