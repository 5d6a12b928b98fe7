"""What stands in a feed, and by what each item is told again."""

from datetime import UTC, datetime, timedelta

import pytest
from feed_server import rss
from hypothesis import given
from hypothesis import strategies as st

from greenroom.origins import FeedBroken, Item, read_feed, words_of
from greenroom.origins.feed import _plain  # pyright: ignore[reportPrivateUsage]  # its parser may not be met otherwise
from greenroom.origins.item import plain_address

HOME = "https://harbour.example"
ATOM = """<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom"><title>Notices</title>
<id>urn:x</id><updated>2026-11-24T09:00:00Z</updated>
<entry><id>urn:2</id><title>Second</title><updated>2026-11-24T09:00:00Z</updated><link href="/2"/>
<summary type="html">&lt;p&gt;Two &lt;b&gt;boats&lt;/b&gt;.&lt;/p&gt;&lt;p&gt;Late.&lt;/p&gt;</summary></entry>
<entry><id>urn:1</id><title>First</title><updated>2026-11-23T09:00:00Z</updated><link href="/1"/>
<author><name>Maria</name></author></entry></feed>"""


def read(body: str) -> list[Item]:
    return read_feed(body.encode(), address=f"{HOME}/feed")


def same(one: Item, other: Item) -> bool:
    """Say whether the two are told for the same."""
    return bool(set(one.marks) & set(other.marks))


def test_an_atom_feed_is_read_oldest_first_as_plain_text_with_whole_links() -> None:
    first, second = read(ATOM)
    assert (first.title, first.link, first.author) == ("First", f"{HOME}/1", "Maria")
    assert (second.title, second.text) == ("Second", "Two boats.\nLate.")


def one(id: str = "a", title: str = "Boats", link: str = f"{HOME}/a") -> Item:
    (item,) = read(rss((id, title, link)))
    return item


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "Boats, corrected"},
        {"id": "b"},
        {"link": "https://other.example/z"},
        {"id": "b", "link": "http://www.harbour.example/a/?utm_source=rss"},
        {"id": f"{HOME}/a", "link": ""},
    ],
)
def test_an_item_is_told_again_although_something_of_it_was_edited(changes: dict[str, str]) -> None:
    assert same(one(), one(**changes))


@pytest.mark.parametrize("changes", [{"id": "b", "link": f"{HOME}/b"}, {"id": "A", "link": f"{HOME}/A"}])
def test_another_id_and_another_link_are_another_item_whatever_it_is_called(changes: dict[str, str]) -> None:
    assert not same(one(), one(**changes))


@pytest.mark.parametrize("link", [f"{HOME}/", "https://elsewhere.example/log"])
def test_a_link_that_is_everywhere_tells_no_item_from_another(link: str) -> None:
    first, second = read(rss(("1", "One", link), ("2", "Two", link)))
    assert not same(first, second)


def test_the_title_and_the_moment_tell_an_item_whose_id_and_link_are_new() -> None:
    moved = ATOM.replace("urn:1", "urn:9").replace('"/1"', '"/new/1"')
    assert same(read(ATOM)[0], read(moved)[0])
    assert not same(read(ATOM)[0], read(moved.replace("2026-11-23", "2026-11-22"))[0])


@pytest.mark.parametrize("is_newest_first", [True, False])
def test_of_a_feed_that_is_too_long_the_newest_items_are_read_whatever_its_order(is_newest_first: bool) -> None:
    order = list(range(520)) if is_newest_first else list(reversed(range(520)))
    dates = {str(number): datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=number) for number in order}
    items = read(rss(*((str(number), f"Item {number}", "") for number in order), dates=dates))
    assert [item.title for item in items] == [f"Item {number}" for number in range(20, 520)]


def test_of_a_feed_that_is_too_long_and_has_no_dates_the_first_items_are_read() -> None:
    items = read(rss(*((str(number), f"Item {number}", "") for number in range(520))))
    assert [item.title for item in items] == [f"Item {number}" for number in range(20, 520)]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("<html><body>Hello</body></html>", "no feed"),
        ("", "no feed"),
        ('<!DOCTYPE r [<!ENTITY a "b">]><rss version="2.0"><channel/></rss>', "entities of its own"),
        (" " * (2 * 1024 * 1024 + 1), "more than"),
    ],
)
def test_what_is_no_feed_is_said_to_be_none(body: str, why: str) -> None:
    with pytest.raises(FeedBroken, match=why):
        read(body)


@given(st.binary(max_size=400))
def test_whatever_stands_there_is_items_or_a_reason(noise: bytes) -> None:
    for body in (noise, b"<rss version='2.0'><channel><item>" + noise):
        try:
            items = read_feed(body, address=f"{HOME}/feed")
        except FeedBroken:
            continue
        assert all(item.marks and (item.title or item.text) for item in items)


@given(st.text(max_size=60))
def test_a_plain_address_is_plain_already(text: str) -> None:
    for address in (text, f"https://www.harbour.example/{text}"):
        assert plain_address(plain_address(address)) == plain_address(address) or "://" in plain_address(address)


def test_nobody_is_addressed_and_nothing_is_run_by_what_stands_in_a_feed() -> None:
    item = one(title="@maria {{ 7 * 7 }} @@all me@example.org <b>now</b>\u202e")
    assert words_of(item, None) == "maria {{ 7 * 7 }} all me@example.org now"
    assert words_of(item, "New: {{ item.title | upper }} {{ item.link }}").endswith(f"NOW {HOME}/a")


def test_no_script_and_no_link_that_is_none_comes_out_of_a_feed() -> None:
    (item,) = read(rss(("1", "<script>alert(1)</script>Fog", "javascript:alert(1)")))
    assert (item.title, item.link) == ("Fog", None)


@pytest.mark.parametrize("id", [f"{HOME}/boat?ref={{}}", "{}"])
def test_items_whose_ids_differ_in_one_sign_are_different_items(id: str) -> None:
    for body in (rss((id.format(1), "One", ""), (id.format(2), "Two", "")),):
        first, second = read(body)
        assert not same(first, second)
    (alone,) = read(rss((id.format(1), "One", "")))
    (other,) = read(rss((id.format(2), "Two", "")))
    assert not same(alone, other)


def test_an_id_that_every_item_has_tells_none_from_another() -> None:
    first, second = read(rss((HOME, "One", f"{HOME}/1"), (HOME, "Two", f"{HOME}/2")))
    assert not same(first, second)


@pytest.mark.parametrize("part", ["<![", "<!--", "<?", "<a ", "</", "<a b='", "<!DOCTYPE [", "<script>", "&#"])
def test_html_that_is_made_to_break_or_to_hold_up_its_reader_is_read(part: str) -> None:
    written = (part * (20_000 // len(part))).replace("&", "&amp;").replace("<", "&lt;")
    (item,) = read(
        rss(("1", "Boats", f"{HOME}/1")).replace(
            "</title><link>", f"</title><description>{written}</description><link>"
        )
    )
    assert item.title == "Boats"
    assert len(_plain(part * 40_000, 4000)) <= 4000


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("<p>Two <b>boats</b>.</p><p>Late.</p>", "Two boats.\nLate."),
        ('<a title="a > b" href=x>Here</a> &amp; there', "Here & there"),
        ("5 < 6 and 7 > 3", "5 < 6 and 7 > 3"),
        ("A<!-- no --><style>p {}</style><script>x('<p>')</script>B", "AB"),
    ],
)
def test_of_html_the_words_are_left(written: str, plain: str) -> None:
    assert _plain(written, 100) == plain


@pytest.mark.parametrize("title", [".@maria", "@@maria", "\uff20maria", "(@maria)", "<@12>", "<@&12>", "@everyone"])
def test_nobody_is_addressed_by_a_feed_whatever_stands_before_the_sign(title: str) -> None:
    assert not set("@\uff20") & set(words_of(Item(marks=("a",), title=f"{title} relit"), None))
    assert words_of(Item(marks=("a",), title="joe@harbour.example"), None) == "joe@harbour.example"


def test_an_item_of_which_the_owners_words_can_make_nothing_is_said_by_its_title() -> None:
    item = Item(marks=("a",), title="Fog")
    assert words_of(item, "{{ item.title.split(' ')[1] }}") == "Fog"
    assert words_of(item, "{{ 1 // (item.title|length - 3) }}") == "Fog"
