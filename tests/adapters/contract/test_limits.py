"""What the words of one post may be, where the platform wants the person named whom they are for."""

import pytest

from greenroom_adapters.contract import CountingRule, Limits, Surface, TextLimit


@pytest.mark.parametrize(("surface", "room"), [("post", 500), ("chat", 500), ("reply", 468), ("direct_message", 468)])
def test_an_answer_has_less_room_where_it_must_name_somebody(surface: str, room: int) -> None:
    rule = CountingRule.URLS_AS_23
    limits = Limits(text=(TextLimit(length=500, rule=rule),), addressing=32)
    assert limits.text_on(Surface(surface)) == (TextLimit(length=room, rule=rule),)


def test_elsewhere_every_surface_has_the_same_room() -> None:
    limits = Limits(text=(TextLimit(length=300), TextLimit(length=3000)))
    assert all(limits.text_on(surface) == limits.text for surface in Surface)


def test_a_direct_message_and_an_answer_may_have_limits_of_their_own() -> None:
    post, message = (TextLimit(length=300),), (TextLimit(length=1000), TextLimit(length=10_000))
    limits = Limits(text=post, direct=message)
    assert limits.text_on(Surface.DIRECT_MESSAGE) == message
    assert {limits.text_on(one) for one in Surface if one is not Surface.DIRECT_MESSAGE} == {post}
    answered = Limits(text=post, answer=(TextLimit(length=200),))
    assert answered.text_on(Surface.REPLY) == answered.answer
    assert {answered.text_on(one) for one in Surface if one is not Surface.REPLY} == {post}
    addressed = Limits(text=post, direct=(TextLimit(length=1000),), addressing=32)
    assert addressed.text_on(Surface.DIRECT_MESSAGE) == (TextLimit(length=968),)
    assert addressed.text_on(Surface.REPLY) == (TextLimit(length=268),)
