"""Which rule answers an event, and why it is left alone."""

import statistics
import timeit
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenroom.personas import Talkative
from greenroom.policy import UNASKED
from greenroom.routing import Hit, Miss, Router
from greenroom.settings.answering import AnswerRule
from greenroom.settings.bot import People
from greenroom.settings.rooms import RoomMode, RoomRule
from greenroom.settings.spelling import Person, Place, Span
from greenroom_adapters.contract import (
    Author,
    ConfigurationError,
    DirectMessageReceived,
    Event,
    FollowReceived,
    JoinReceived,
    Kind,
    MentionReceived,
    MessageReceived,
    PostDeleted,
    PostEdited,
    PostRef,
    QuoteReceived,
    ReactionReceived,
    ReplyReceived,
    Room,
    Surface,
    TextEvent,
    Trust,
    UnknownEvent,
)

Make = Callable[..., Router]
Say = Callable[..., TextEvent]

HOME, LOUNGE, HELP = Place(account="home"), Place(account="home", room="lounge"), Place(account="home", room="help")
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
BOB = Author(id="u7", handle="bob")


def rule(*to: Kind, words: tuple[str, ...] = (), places: tuple[Place, ...] = (), **more: object) -> AnswerRule:
    return AnswerRule.model_validate({"to": to, "words": words, "places": places, **more})


def winner(decision: Hit | Miss) -> str:
    assert isinstance(decision, Hit), decision
    return decision.rule.name


def follow(author: Author = BOB) -> FollowReceived:
    return FollowReceived(id="f1", source="s", cursor="1", occurred_at=NOON, author=author)


def join(room: str) -> JoinReceived:
    return JoinReceived(
        id="j1", source="s", cursor="1", occurred_at=NOON, author=BOB, room=Room(id=f"id-{room}", name=room)
    )


def test_a_hit_carries_everything_that_the_turn_needs(router: Make, said: Say) -> None:
    people = People(owner=(Person(account="home", who="u7"),))
    hit = router(rule(Kind.MENTION, say="Ahoy.", quiet_for=timedelta(minutes=10)), people=people).decide(
        said(kind=MentionReceived), "home"
    )
    assert isinstance(hit, Hit)
    assert (hit.rule.name, hit.rule.say, hit.rule.within) == ("answer 1", "Ahoy.", timedelta(hours=6))
    assert (hit.surface, hit.lane, hit.trust, hit.wait) == (
        Surface.REPLY,
        "home/c1",
        Trust.OWNER,
        timedelta(minutes=10),
    )


def test_what_is_older_than_half_an_hour_in_a_room_is_left_alone_by_default(router: Make, said: Say) -> None:
    routes = router(rule(Kind.MENTION), rule(Kind.QUOTE, within=timedelta(hours=2)))
    in_room = routes.decide(said(kind=MentionReceived, room="lounge"), "home")
    written = routes.decide(said(kind=QuoteReceived, room="lounge"), "home")
    assert isinstance(in_room, Hit)
    assert isinstance(written, Hit)
    assert (in_room.rule.within, in_room.surface) == (timedelta(minutes=30), Surface.CHAT)
    assert written.rule.within == timedelta(hours=2)


def test_a_direct_message_is_answered_as_one_whatever_else_it_is(router: Make, said: Say) -> None:
    hit = router(rule(Kind.REPLY)).decide(said(kind=DirectMessageReceived, also=(Kind.REPLY,)), "home")
    assert isinstance(hit, Hit)
    assert hit.surface is Surface.DIRECT_MESSAGE


def test_an_event_of_several_kinds_is_answered_by_a_rule_for_any_of_them(router: Make, said: Say) -> None:
    event = said("a refund", kind=ReplyReceived, also=(Kind.MENTION, Kind.QUOTE))
    assert winner(router(rule(Kind.MENTION)).decide(event, "home")) == "answer 1"
    both = router(rule(Kind.REPLY), rule(Kind.MENTION, words=("refund",)))
    assert winner(both.decide(event, "home")) == "answer 2"
    assert router(rule(Kind.MENTION, words=("tide",))).decide(event, "home") is Miss.WORDS
    assert router(rule(Kind.FOLLOW)).decide(event, "home") is Miss.KIND


def test_words_go_before_places_before_fewer_kinds_before_the_order_of_the_file(router: Make, said: Say) -> None:
    rules = [
        rule(Kind.MENTION, Kind.REPLY),
        rule(Kind.MENTION, Kind.REPLY),
        rule(Kind.MENTION),
        rule(Kind.MENTION, Kind.REPLY, places=(HOME,)),
        rule(Kind.MENTION, Kind.REPLY, places=(LOUNGE, HOME)),
        rule(Kind.MENTION, Kind.REPLY, words=("tide",)),
        rule(Kind.MENTION, Kind.REPLY, words=("tide",), places=(LOUNGE,)),
    ]
    event = said("the tide", kind=MentionReceived, room="lounge")
    order: list[str] = []
    left = [one.model_copy(update={"name": str(number)}) for number, one in enumerate(rules)]
    while left:
        order.append(winner(router(*left).decide(event, "home")))
        left = [one for one in left if one.name != order[-1]]
    assert order == ["6", "5", "4", "3", "2", "0", "1"]


def test_words_are_found_whole_folded_and_in_a_row(router: Make, said: Say) -> None:
    routes = router(rule(Kind.MENTION, words=("Press", "opening hours", "退款", "Größe")))
    for text in ("PRESS!", "what are your opening-hours?", "我要退款。", "GRÖSSE?", "grosse"):
        assert isinstance(routes.decide(said(text, kind=MentionReceived), "home"), Hit) == (text != "grosse"), text
    for text in ("impressed", "hours of opening", "opening the hours", "退了款", ""):
        assert routes.decide(said(text, kind=MentionReceived), "home") is Miss.WORDS, text


def test_a_word_and_a_phrase_that_begins_with_it_are_both_found(router: Make, said: Say) -> None:
    routes = router(rule(Kind.MENTION, words=("high tide", "high", "high water")))
    assert isinstance(routes.decide(said("how high", kind=MentionReceived), "home"), Hit)


def test_a_phrase_that_does_not_fit_leaves_the_event_to_the_next_rule(router: Make, said: Say) -> None:
    routes = router(rule(Kind.MENTION, words=("high tide",)), rule(Kind.MENTION, words=("high",)), rule(Kind.MENTION))
    assert winner(routes.decide(said("high tide", kind=MentionReceived), "home")) == "answer 1"
    assert winner(routes.decide(said("high and dry", kind=MentionReceived), "home")) == "answer 2"
    assert winner(routes.decide(said("low", kind=MentionReceived), "home")) == "answer 3"


def test_a_word_without_anything_to_find_is_refused(router: Make) -> None:
    with pytest.raises(ConfigurationError, match=r"answer 1: `\?!`"):
        router(rule(Kind.MENTION, words=("?!",)))


def test_bots_are_left_alone(router: Make, said: Say) -> None:
    bot = Author(id="u9", handle="beep", is_bot=True)
    routes = router(rule(Kind.MENTION, Kind.FOLLOW))
    assert routes.decide(said(kind=MentionReceived, author=bot), "home") is Miss.BOT
    assert routes.decide(follow(bot), "home") is Miss.BOT


def test_who_is_blocked_by_the_file_or_the_platform_is_left_alone(router: Make, said: Say) -> None:
    people = People(
        owner=(Person(account="home", who="u7"),),
        blocked=(Person(account="home", who="@BOB"), Person(account="home", who="u8")),
    )
    routes = router(rule(Kind.MENTION, Kind.FOLLOW), people=people)
    blocked = [BOB, Author(id="u8", handle="eve"), Author(id="u6", handle="mal", trust=Trust.BLOCKED)]
    for author in blocked:
        assert routes.decide(said(kind=MentionReceived, author=author), "home") is Miss.BLOCKED
        assert routes.decide(follow(author), "home") is Miss.BLOCKED
    assert isinstance(routes.decide(said(kind=MentionReceived), "away"), Hit)


def test_nobody_becomes_the_owner_by_a_name_that_looks_like_the_owners_id(router: Make, said: Say) -> None:
    routes = router(rule(Kind.MENTION), people=People(owner=(Person(account="home", who="u7"),)))
    for author, trust in [
        (Author(id="u7", handle="whoever"), Trust.OWNER),
        (Author(id="u1", handle="u7", name="u7"), Trust.ANYONE),
        (Author(id="u2", handle="mod", trust=Trust.MODERATOR), Trust.MODERATOR),
    ]:
        hit = routes.decide(said(kind=MentionReceived, author=author), "home")
        assert isinstance(hit, Hit)
        assert hit.trust is trust


def test_deletions_edits_and_unknown_events_are_no_occasion_to_speak(router: Make) -> None:
    routes = router(rule(*(kind for kind in Kind if kind not in (Kind.DELETION, Kind.EDIT, Kind.UNKNOWN))))
    ref = PostRef(id="p")
    events: list[Event] = [
        PostDeleted(id="1", source="s", cursor="1", occurred_at=NOON, post=ref),
        PostEdited(id="2", source="s", cursor="1", occurred_at=NOON, post=ref, text="x"),
        UnknownEvent(id="3", source="s", cursor="1", occurred_at=NOON, raw="{}"),
    ]
    assert [routes.decide(event, "home") for event in events] == [Miss.NO_OCCASION] * 3


def test_events_without_a_text_are_routed_like_the_others(router: Make) -> None:
    reaction = ReactionReceived(
        id="r", source="s", cursor="1", occurred_at=NOON, author=BOB, post=PostRef(id="p"), reaction="like"
    )
    routes = router(rule(Kind.FOLLOW), rule(Kind.REACTION, words=("like",)), rule(Kind.JOIN, places=(LOUNGE,)))
    followed = routes.decide(follow(), "home")
    joined = routes.decide(join("lounge"), "home")
    assert isinstance(followed, Hit)
    assert isinstance(joined, Hit)
    assert (followed.surface, followed.lane) == (Surface.REPLY, "home/u7")
    assert (joined.surface, joined.lane) == (Surface.CHAT, "home/id-lounge")
    assert routes.decide(reaction, "home") is Miss.WORDS
    assert routes.decide(join("help"), "home") is Miss.IGNORED_ROOM


def test_a_kind_that_no_rule_answers_is_left_alone(router: Make, said: Say) -> None:
    routes = router(rule(Kind.MENTION, places=(Place(account="away"),)))
    assert routes.decide(said(kind=ReplyReceived), "away") is Miss.KIND
    assert routes.decide(said(kind=MentionReceived), "home") is Miss.KIND
    assert router().decide(follow(), "home") is Miss.KIND


def test_an_account_that_the_file_does_not_have_is_an_error(router: Make, said: Say) -> None:
    with pytest.raises(KeyError):
        router(rule(Kind.MENTION)).decide(said(), "elsewhere")


def test_a_room_may_be_listened_to_or_ignored(router: Make, said: Say) -> None:
    rooms = {
        "staff": RoomRule(is_=(Place(account="home", room="staff"),), mode=RoomMode.LISTEN),
        "games": RoomRule(is_=(Place(account="home", room="id-games"),), mode=RoomMode.IGNORE),
    }
    routes = router(rule(Kind.MENTION), rooms=rooms)
    assert routes.decide(said(kind=MentionReceived, room="staff"), "home") is Miss.LISTENED_ROOM
    assert routes.decide(said(kind=MentionReceived, room="games"), "home") is Miss.IGNORED_ROOM
    assert routes.decide(said(kind=DirectMessageReceived), "home") is Miss.KIND


OPEN_LOUNGE = {"lounge": RoomRule(is_=(LOUNGE,), mode=RoomMode.OPEN), "help": RoomRule(is_=(HELP,))}


def test_in_an_open_room_it_joins_in_as_often_as_the_persona_is_talkative_and_decides_alike_again(
    router: Make, said: Say
) -> None:
    routes = router(rule(Kind.MENTION), rooms=OPEN_LOUNGE, talkative=[Talkative(chance=0.3)])
    decided = [routes.decide(said(room="lounge", id=f"e{number}"), "home") for number in range(1000)]
    hits = [one for one in decided if isinstance(one, Hit)]
    assert 240 < len(hits) < 360
    assert {one for one in decided if not isinstance(one, Hit)} == {Miss.TALKATIVE}
    assert {(one.rule.identity, one.rule.name, one.surface) for one in hits} == {(UNASKED, "talkative 1", Surface.CHAT)}
    assert decided == [routes.decide(said(room="lounge", id=f"e{number}"), "home") for number in range(1000)]
    assert routes.decide(said(room="help"), "home") is Miss.UNADDRESSED
    assert winner(routes.decide(said("Ada?", room="lounge"), "home")) == "answer 1"
    bot, blocked = Author(id="b", handle="b", is_bot=True), People(blocked=(Person(account="home", who="u7"),))
    always = router(rooms=OPEN_LOUNGE, talkative=[Talkative(chance=1)], people=blocked)
    assert always.decide(said(room="lounge", author=bot), "home") is Miss.BOT
    assert always.decide(said(room="lounge"), "home") is Miss.BLOCKED
    assert always.may_write(Room(id="x", name="lounge"), "home")


@pytest.mark.parametrize(("hour", "name"), [(23, "talkative 1"), (12, "talkative 3")])
def test_the_first_line_of_talkative_that_fits_the_hour_and_the_room_counts(
    router: Make, said: Say, hour: int, name: str
) -> None:
    night = Span(start=time(23), end=time(7))
    lines = [
        Talkative(at=night, places=("lounge",), chance=1),
        Talkative(places=("away", "home/games", "unheard-of"), chance=0),
        Talkative(chance=1),
    ]
    routes = router(rooms=OPEN_LOUNGE, talkative=lines, zone="UTC")
    hit = routes.decide(said(room="lounge", at=datetime(2026, 11, 24, hour, tzinfo=UTC)), "home")
    assert winner(hit) == name


def test_whoever_the_owner_names_is_a_moderator_and_then_nobody_else(router: Make) -> None:
    by_platform = Author(id="u1", handle="a", trust=Trust.MODERATOR)
    in_role, strong = Author(id="u2", handle="b", roles=("Mods",)), Author(id="u3", handle="c", power=50)
    pretender = Author(id="u4", handle="Mods", name="role:Mods", power=49)
    groups = tuple(Person(account="home", who=who) for who in ("role:Mods", "power:50"))
    named = router(people=People(moderators=groups))
    assert [named.trusts("home")(one) for one in (by_platform, in_role, strong, pretender)] == [
        Trust.ANYONE,
        Trust.MODERATOR,
        Trust.MODERATOR,
        Trust.ANYONE,
    ]
    assert named.trusts("away")(by_platform) is Trust.MODERATOR
    assert router().trusts("home")(in_role) is Trust.ANYONE


@pytest.mark.parametrize("name", ["Lounge", "LOUNGE"])
def test_a_rooms_name_is_the_same_in_any_case_and_its_id_is_not(router: Make, said: Say, name: str) -> None:
    known = router(rule(Kind.MENTION), rooms={"lounge": RoomRule(is_=(LOUNGE,))})
    assert isinstance(known.decide(said(kind=MentionReceived, room=name), "home"), Hit)
    by_id = router(rule(Kind.MENTION), rooms={"lounge": RoomRule(is_=(Place(account="home", room="id-x"),))})
    assert isinstance(by_id.decide(said(kind=MentionReceived, room="x"), "home"), Hit)
    assert by_id.decide(said(kind=MentionReceived, room="X"), "home") is Miss.IGNORED_ROOM


def test_rooms_that_nobody_listed_are_ignored_once_the_owner_has_listed_one(router: Make, said: Say) -> None:
    mention = said(kind=MentionReceived, room="strangers")
    lounge = {"lounge": RoomRule(is_=(LOUNGE,))}
    assert isinstance(router(rule(Kind.MENTION)).decide(mention, "home"), Hit)
    assert router(rule(Kind.MENTION), rooms=lounge).decide(mention, "home") is Miss.IGNORED_ROOM
    assert isinstance(router(rule(Kind.MENTION), rooms=lounge).decide(mention, "away"), Hit)
    named = router(rule(Kind.MENTION), rule(Kind.MESSAGE, places=(LOUNGE,)))
    assert named.decide(mention, "home") is Miss.IGNORED_ROOM
    assert isinstance(named.decide(said(kind=MentionReceived, room="lounge"), "home"), Hit)
    for mode, miss in [(RoomMode.IGNORE, Miss.IGNORED_ROOM), (RoomMode.LISTEN, Miss.LISTENED_ROOM)]:
        elsewhere = router(rule(Kind.MENTION), rooms={"elsewhere": RoomRule(mode=mode)})
        assert elsewhere.decide(mention, "home") is miss
    heard = {**lounge, "elsewhere": RoomRule(mode=RoomMode.MENTIONS)}
    assert isinstance(router(rule(Kind.MENTION), rooms=heard).decide(mention, "home"), Hit)


def test_in_a_room_plain_messages_are_answered_only_by_rules_that_name_the_room(router: Make, said: Say) -> None:
    everywhere = router(rule(Kind.MESSAGE, Kind.JOIN), rule(Kind.JOIN, places=(HOME,)))
    assert everywhere.decide(said(room="lounge"), "home") is Miss.KIND
    assert everywhere.decide(join("lounge"), "home") is Miss.KIND
    assert isinstance(everywhere.decide(said(), "home"), Hit)
    named = router(rule(Kind.MESSAGE, places=(HELP,), words=("password",)), rule(Kind.MENTION))
    assert isinstance(named.decide(said("my password?", room="help"), "home"), Hit)
    assert named.decide(said("my shoes?", room="help"), "home") is Miss.WORDS


@pytest.mark.parametrize("text", ["Ada?", "@ada hi", "morning OLD KEEPER"])
def test_who_says_the_bots_name_in_a_room_mentions_it(text: str, router: Make, said: Say) -> None:
    routes = router(rule(Kind.MENTION), rule(Kind.MENTION, words=("hi",)))
    assert winner(routes.decide(said(text, room="lounge"), "home")) == ("answer 2" if "hi" in text else "answer 1")
    assert routes.decide(said(text), "home") is Miss.KIND


@pytest.mark.parametrize("text", ["adamant", "the keeper is old", "nobody"])
def test_who_does_not_say_the_whole_name_does_not(text: str, router: Make, said: Say) -> None:
    assert router(rule(Kind.MENTION)).decide(said(text, room="lounge"), "home") is Miss.UNADDRESSED


def test_a_named_bot_is_answered_by_the_better_of_both_kinds_of_rules(router: Make, said: Say) -> None:
    routes = router(rule(Kind.MENTION), rule(Kind.MESSAGE, places=(HELP,)), rule(Kind.MENTION, words=("rules",)))
    assert winner(routes.decide(said("Ada, help", room="help"), "home")) == "answer 2"
    assert winner(routes.decide(said("Ada, the rules?", room="help"), "home")) == "answer 3"
    only_words = router(rule(Kind.MENTION, words=("rules",)))
    assert only_words.decide(said("Ada, help", room="help"), "home") is Miss.UNADDRESSED


def test_chance_is_drawn_once_for_an_event_and_about_as_often_as_written(router: Make, said: Say) -> None:
    routes = router(rule(Kind.MENTION, chance=0.3), rule(Kind.MENTION, Kind.REPLY))
    events = [said(kind=MentionReceived, id=str(number)) for number in range(1000)]
    first = [routes.decide(event, "home") for event in events]
    assert first == [routes.decide(event, "home") for event in events]
    assert 230 < sum(isinstance(decision, Hit) for decision in first) < 370
    assert {decision for decision in first if isinstance(decision, Miss)} == {Miss.CHANCE}
    assert router(rule(Kind.MENTION, chance=0.0)).decide(events[0], "home") is Miss.CHANCE


@pytest.mark.parametrize(
    ("local", "quiet"), [("21:59", False), ("22:00", True), ("23:30", True), ("06:59", True), ("07:00", False)]
)
def test_nothing_is_answered_in_quiet_hours_of_the_files_zone(local: str, quiet: bool, router: Make, said: Say) -> None:
    routes = router(
        rule(Kind.MENTION), quiet=Span(start=time(22), end=time(7)), zone="Asia/Kathmandu"
    )  # 5:45 ahead of UTC
    at = datetime.combine(NOON, time.fromisoformat(local), UTC) - timedelta(hours=5, minutes=45)
    decision = routes.decide(said(kind=MentionReceived, at=at), "home")
    assert decision is Miss.QUIET_HOURS if quiet else isinstance(decision, Hit)


KINDS = (Kind.MENTION, Kind.REPLY, Kind.MESSAGE, Kind.DIRECT_MESSAGE)
PLACES = (HOME, LOUNGE, HELP, Place(account="away"), Place(account="away", room="lounge"))
VOCABULARY = ("tide", "wind", "high tide", "ada", "灯", "ship")
RULES = st.lists(
    st.builds(
        lambda to, places, words: rule(*to, places=tuple(places), words=tuple(words)),
        st.lists(st.sampled_from(KINDS), min_size=1, max_size=3),
        st.lists(st.sampled_from(PLACES), max_size=2),
        st.lists(st.sampled_from(VOCABULARY), max_size=2),
    ),
    max_size=8,
)
TEXTS = st.lists(st.sampled_from(("tide", "high", "wind", "Ada", "old", "keeper", "灯台", "x")), max_size=5).map(
    " ".join
)
ROOMS = st.dictionaries(
    st.sampled_from(("lounge", "help")),
    st.builds(lambda mode: RoomRule(is_=(LOUNGE,), mode=mode), st.sampled_from(RoomMode)),
    max_size=1,
)
TYPES = (MentionReceived, ReplyReceived, MessageReceived, DirectMessageReceived)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rules=RULES,
    rooms=ROOMS,
    text=TEXTS,
    kind=st.sampled_from(TYPES),
    also=st.lists(st.sampled_from((Kind.MENTION, Kind.MESSAGE)), max_size=1),
    room=st.sampled_from((None, "lounge", "help", "strangers")),
)
def test_the_index_decides_as_asking_every_rule_by_itself_does(
    rules: list[AnswerRule],
    rooms: dict[str, RoomRule],
    text: str,
    kind: type[TextEvent],
    also: list[Kind],
    room: str | None,
    router: Make,
    said: Say,
) -> None:
    event = said(text, kind=kind, also=tuple(one for one in also if one is not kind.kind), room=room)
    explanation = router(*rules, rooms=rooms).explain(event, "home")
    fitting = [verdict.name for verdict in explanation.verdicts if verdict.fits]
    if isinstance(explanation.decision, Hit):
        assert explanation.decision.rule.name in fitting
        assert f"Answered by {explanation.decision.rule.name}: " in explanation.why
    else:
        assert fitting == []
    assert len(explanation.verdicts) == len(rules)


def test_a_thousand_rules_cost_what_one_costs(router: Make, said: Say) -> None:
    event = said("has anybody seen the pilot boat today", kind=MentionReceived)
    one = router(rule(Kind.MENTION, words=("p0001",)))
    many = router(*(rule(Kind.MENTION, words=(f"p{number:04}",)) for number in range(1, 1001)))

    def cost(routes: Router) -> float:
        return timeit.timeit(lambda: routes.decide(event, "home"), number=1000)

    # A ratio of medians of interleaved runs, far above the true one: this catches a scan, not a percent.
    ratios = [cost(many) / cost(one) for _ in range(15)]
    assert statistics.median(ratios) < 1.5
