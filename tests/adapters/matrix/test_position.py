"""Cursors and ids: what is written can be read again, and what is not ours is not taken for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom_adapters.contract import Post, PostRef, key_digest
from greenroom_adapters.matrix.plan import Plan, Progress
from greenroom_adapters.matrix.position import Position
from greenroom_adapters.matrix.references import place, reference, server_of
from greenroom_adapters.matrix.writing import Attached

ids = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(ids, st.dictionaries(ids, ids))
def test_a_cursor_leads_back_to_its_place(since: str, taken: dict[str, str]) -> None:
    position = Position(since)
    for room, event in taken.items():
        position.take(room, event)
    again = Position.read(position.cursor())
    assert again is not None
    assert again.since == since
    assert all(again.was_taken(room) == position.was_taken(room) is not None for room in taken)


def test_the_end_of_a_batch_forgets_its_rooms() -> None:
    position = Position("s1")
    position.take("!r", "$e")
    position.end_batch("s2")
    assert (position.since, position.was_taken("!r")) == ("s2", None)
    assert position.cursor() == Position("s2").cursor()


@pytest.mark.parametrize("cursor", [None, "", "s1", "5", "{}", "[]", "[1]", '["s", {"a": 1}]', "["])
def test_a_cursor_of_somebody_else_is_none(cursor: str | None) -> None:
    assert Position.read(cursor) is None


@given(ids, ids)
def test_an_id_holds_the_room_and_the_event_whatever_is_in_them(room: str, event: str) -> None:
    assert place(reference(room, event, me="@ada:example.org")) == (room, event)


def test_the_ids_of_present_rooms_stay_readable() -> None:
    ref = reference("!2Ek_qN-5vo", "$hwe_Q4-f", me="@ada:example.org:8448")
    assert ref.id == "!2Ek_qN-5vo/$hwe_Q4-f"
    assert ref.url == "https://matrix.to/#/%212Ek_qN-5vo/%24hwe_Q4-f?via=example.org%3A8448"
    assert server_of("@ada:example.org:8448") == "example.org:8448"


@pytest.mark.parametrize("name", ["", "x", "/", "a/", "/b"])
def test_an_id_of_another_platform_is_none(name: str) -> None:
    assert place(PostRef(id=name)) is None


@given(st.text(), st.text())
def test_a_digest_tells_keys_apart_and_fits_into_an_address(one: str, other: str) -> None:
    assert (key_digest(one) == key_digest(other)) == (one == other)
    assert key_digest(one).replace("-", "").isalnum()


def test_a_plan_and_its_progress_are_read_as_they_were_stored() -> None:
    plan = Plan.of(Post(text="x", room="#pier:example.org"), key="k", device="DEVICE", home="")
    assert plan is not None
    assert Plan.read(plan.stored()) == plan
    attached = Attached(url="mxc://a/b", alt="c", media_type="image/png", name="d", info={"w": 1})
    progress = Progress(room="!r", attached=attached)
    assert Progress.read(progress.stored()) == progress
    assert Progress.read(None) is None
