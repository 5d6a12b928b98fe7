"""Filters as an owner writes them: in the persona file, with every mistake at its place."""

from pathlib import Path

import pytest
from PIL import Image

from greenroom.filters import Step, built_in, filters_with, identity_of, operations_of, words_for
from greenroom.personas import Persona, load_persona
from greenroom.settings import Mistakes, expanded


def persona_with(folder: Path, filters: str) -> Persona:
    path = folder / "ada.yaml"
    path.write_text(f"persona: Ada\nwho: keeps the lighthouse\nfilters:\n{filters}", encoding="utf-8")
    return load_persona(path)


def test_a_filter_is_a_chain_of_named_steps(tmp_path: Path) -> None:
    persona = persona_with(tmp_path, '  dusk: [{crop: "4:5"}, {warmth: 20%}, {grain: 8%}, {frame: 2%}]\n')
    assert words_for(persona.filters["dusk"]) == "crop, warmth, grain, frame"
    assert persona.all_filters["dusk"] == persona.filters["dusk"] != built_in()["dusk"]
    assert set(persona.all_filters) == set(built_in())


@pytest.mark.parametrize(
    "step", [name for name in Step.model_fields if name not in ("text", "overlay", "subtitles", "look")]
)
def test_an_operation_by_its_name_alone_has_every_default(tmp_path: Path, step: str) -> None:
    bare, empty, long = (
        persona_with(tmp_path, f"  mine: {written}\n").filters["mine"]
        for written in (step, f"[{{{step}: }}]", f"[{{{step}: {{}}}}]")
    )
    assert bare == empty == long
    assert words_for(bare) == step


def test_what_is_written_out_reads_as_the_same(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "logo.png")
    (tmp_path / "words.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nhello\n", encoding="utf-8")
    persona = persona_with(
        tmp_path,
        "  mine:\n"
        "    - {crop: {to: 16:9, at: top}}\n"
        "    - {resize: 720}\n"
        "    - {brightness: -12.5%}\n"
        "    - {curves: {all: [[0, 20], [255, 240]], blue: [[0, 30], [255, 255]]}}\n"
        "    - {text: {say: hello, at: top_left, size: 10%, colour: '#ff0000'}}\n"
        "    - {overlay: logo.png}\n"
        "    - {subtitles: words.srt}\n"
        "    - {speed: 1.25}\n"
        "    - {trim: {begins: 1 second, to: 1 minute}}\n"
        "    - {look: noir}\n",
    )
    again = tmp_path / "again.yaml"
    again.write_text(expanded(persona), encoding="utf-8")
    assert load_persona(again).filters == persona.filters
    assert str(tmp_path) not in again.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("filters", "mistake"),
    [
        ("  dusk: [{grian: 8%}]\n", "4:11: `grian` is not a key of a step of a filter. Did you mean `grain`?"),
        ("  dusk: [grian]\n", "4:10: `grian` is not an operation. Did you mean `grain`?"),
        ("  dusk: [{mono: 10%, grain: 8%}]\n", "4:10: `mono` and `grain` in one step: begin a new one with `- `"),
        ("  dusk: [{}]\n", "4:10: this step does nothing: write one of crop"),
        ("  dusk: []\n", "4:3: this is empty: write at least one"),
        ("  dusk: [{warmth: 20}]\n", "4:11: `20`: of one or of a hundred? write it like 8%"),
        ("  dusk: [{blur: 40%}]\n", "4:11: `40%` is too much: it goes from 0% to 10%"),
        ("  dusk: [{warmth: -101%}]\n", "4:11: `-101%` is too little: it goes from -100% to 100%"),
        ("  dusk: [{crop: wide}]\n", '4:11: `wide` is not a shape: write width and height like "4:5"'),
        ("  dusk: [{crop: 1:100}]\n", "4:11: `1:100`: one side is more than 20 times the other"),
        ("  dusk: [{resize: 20}]\n", "4:11: `20` is too small: it goes from 64 to 8192"),
        ("  dusk: [{speed: fast}]\n", "4:11: `fast` is not a number: write one from 0.25 to 4"),
        ("  dusk: [{frame: {colour: red}}]\n", '4:19: `red` is not a colour: write it like "#f2e7c9", in quotes'),
        ("  dusk: [{frame: {color: '#ff0000'}}]\n", "4:19: `color` is not a key of `frame`. Did you mean `colour`?"),
        ("  dusk: [{curves: [[0, 0]]}]\n", "4:11: a curve has from 2 to 16 points"),
        ("  dusk: [{curves: [[9, 0], [9, 8]]}]\n", "4:11: the points of a curve rise from left to right"),
        ("  dusk: [{curves: [[0, 0], [300, 8]]}]\n", "4:11: a curve has points from 0 to 255"),
        (
            "  dusk: [{text: {at: middle, say: hi}}]\n",
            "4:18: `middle` is not a place in the frame. Write one of center",
        ),
        ("  dusk: [text]\n", "4:10: `say` is missing here"),
        ("  dusk: [{overlay: logo.png}]\n", "4:11: there is no file"),
        ("  dusk: [{trim: {begins: 3 seconds, to: 2 seconds}}]\n", "4:11: `begins` is not before `to`"),
        ("  dusk: [{look: nior}]\n", "4:11: `nior` is not a filter that comes with Greenroom. Did you mean `noir`?"),
        ("  make it dusk: [mono]\n", "4:3: a filter's name is one word"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_its_mend(tmp_path: Path, filters: str, mistake: str) -> None:
    with pytest.raises(Mistakes) as found:
        persona_with(tmp_path, filters)
    assert mistake in str(found.value)


def test_a_filter_has_a_bounded_number_of_steps(tmp_path: Path) -> None:
    assert len(persona_with(tmp_path, f"  most: [{', '.join(['mono'] * 24)}]\n").filters["most"]) == 24
    with pytest.raises(Mistakes):
        persona_with(tmp_path, f"  more: [{', '.join(['mono'] * 25)}]\n")


def test_there_are_filters_without_writing_any() -> None:
    assert {"dusk", "grain", "mono", "noir", "faded"} <= set(Persona(persona="Ada", who="a keeper").all_filters)
    assert next(iter(filters_with({"aa": built_in()["mono"]}))) == "aa"


def test_a_look_does_what_its_filter_does(tmp_path: Path) -> None:
    persona = persona_with(tmp_path, "  mine: [{look: noir}, {frame: 2%}]\n")
    assert list(operations_of(persona.filters["mine"]))[:-1] == list(operations_of(built_in()["noir"]))


def test_its_identity_changes_with_its_steps_and_with_the_files_in_them(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "logo.png")

    def identity(written: str) -> str:
        return identity_of(persona_with(tmp_path, f"  mine: {written}\n").filters["mine"])

    first = identity("[{overlay: logo.png}]")
    assert identity("[{overlay: logo.png}]") == first
    assert identity("[{overlay: {file: logo.png, opacity: 50%}}]") != first
    Image.new("RGB", (4, 4), "red").save(tmp_path / "logo.png")
    assert identity("[{overlay: logo.png}]") != first
