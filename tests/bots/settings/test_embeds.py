"""`embed:` as an owner writes it."""

from pathlib import Path

import pytest

from greenroom.settings import Mistakes, load_bot
from greenroom_adapters.contract import Embed, EmbedField


def embed_of(tmp_path: Path, written: str, *, more: str = "") -> Embed | None:
    (tmp_path / "ada.yaml").write_text("persona: Ada\nwho: keeps the lighthouse\n", encoding="utf-8")
    text = "bot: ada\npersona: ada.yaml\naccounts: {home: stage}\npost:\n  every: 1 day\n"
    (tmp_path / "bot.yaml").write_text(f"{text}  embed: {written}\n{more}", encoding="utf-8")
    (entry,) = load_bot(tmp_path / "bot.yaml").post
    return None if entry.embed is None else entry.embed.embed


def test_a_table_is_written_as_names_and_values_or_as_entries(tmp_path: Path) -> None:
    short = embed_of(tmp_path, 'title: Tides, fields: {High: "18:02", Low: "11:40"}'.join("{}"))
    assert short == Embed(
        title="Tides", fields=(EmbedField(name="High", value="18:02"), EmbedField(name="Low", value="11:40"))
    )
    long = embed_of(tmp_path, '{fields: [{name: High, value: "18:02", beside: true}], colour: "#0000fF"}')
    assert long == Embed(fields=(EmbedField(name="High", value="18:02", beside=True),), colour=255)
    assert embed_of(tmp_path, "{fields: {name: High, value: late}}") == Embed(
        fields=(EmbedField(name="High", value="late"),)
    )


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("{}", "an embed shows something: write `title`, `text`, `fields` or `image`"),
        ("{footer: below}", "an embed shows something"),
        ('{text: t, link: "https://a.example"}', "`link` is where the title leads: write a `title`"),
        ("{title: t, link: a.example}", "this must be an address"),
        ("{title: t, colour: blue}", 'a colour has six digits: write it like "#2f6f9f", in quotation marks'),
        ("{title: t, color: x}", "`colour`"),
        ("{title: t, description: x}", "`text`"),
        ("{title: t, titel: x}", "`title`"),
        ("{title: t, fields: [{name: n}]}", "value"),
        ("{title: t, fields: {a: 12}}", 'this must be a text: write "12"'),
        ("Tides", "`embed` is written with keys and values"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_its_mend(tmp_path: Path, written: str, words: str) -> None:
    with pytest.raises(Mistakes) as told:
        embed_of(tmp_path, written)
    assert words in str(told.value)
    assert "bot.yaml:6:" in str(told.value)


GOES = "`embed` goes with an answer in words"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("  poll: [a, b]\n", "`poll` and `embed` both stand below the words: keep one of them"),
        (
            "answer: {to: mentions, tell: true, embed: {title: t}}\ntell: home/@a\n",
            GOES,
        ),
        ("answer: {to: mentions, filters: all, embed: {title: t}}\n", GOES),
    ],
)
def test_what_does_not_go_with_an_embed_is_refused(tmp_path: Path, more: str, words: str) -> None:
    with pytest.raises(Mistakes, match=words):
        embed_of(tmp_path, "{title: t}", more=more)


def test_a_rule_without_an_embed_is_noted_as_it_was_before_there_were_embeds(tmp_path: Path) -> None:
    embed_of(tmp_path, "{title: t}", more="answer: [{to: mentions, words: lamp}, {to: mentions, embed: {title: t}}]\n")
    plain, with_embed = load_bot(tmp_path / "bot.yaml").answer
    assert plain.identity == "mentions (64de48)"
    assert with_embed.identity != plain.identity
