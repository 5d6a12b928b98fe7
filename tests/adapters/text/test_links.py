"""Links are found where the published examples of twitter-text find them, in time proportional to the text."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom_adapters.text import find_links


def links(text: str) -> list[str]:
    return [text[link.start : link.end] for link in find_links(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no link. at all", []),
        ("text http://example.com more", ["http://example.com"]),
        ("HTTPS://www.ExaMPLE.COM/index.html", ["HTTPS://www.ExaMPLE.COM/index.html"]),
        ("example.com, (see www.example.org/x) or t.co/abc.", ["example.com", "www.example.org/x", "t.co/abc"]),
        ("@user Try http:// example.com/path", ["example.com/path"]),
        ("http://example.com:8080/a?b=c&d#e", ["http://example.com:8080/a?b=c&d#e"]),
        ("https://de.example.org/wiki/Turm_(Bauwerk)", ["https://de.example.org/wiki/Turm_(Bauwerk)"]),
        ("http://example.com/path.......", ["http://example.com/path"]),
        ("http://example.com/,,,,,,", ["http://example.com/"]),
        ("http://twitter.com/Русские_слова", ["http://twitter.com/Русские_слова"]),
        ("http://t.co/pbY2NfTZ's and http://t.co/8MkmHU0k+c", ["http://t.co/pbY2NfTZ", "http://t.co/8MkmHU0k"]),
        ("http://t.co/" + "a" * 40, ["http://t.co/" + "a" * 40]),
        ("http://t.co/" + "a" * 41, []),
        ("http://a_b.c-d.com http://sub_domain-dash.twitter.com", ["http://a_b.c-d.com", "http://sub_domain-dash.twitter.com"]),
        ("http://twitter_underscore.com http://-twitter.com http://twitter-.com", []),
        ("http://www.-domain4352.com/ http://twitter.c_o_m", []),
        ("http://☃.net/", ["http://☃.net/"]),
        ("☃.net", []),
        ("test ELPAÍS.com", ["ELPAÍS.com"]),
        ("http://xn--ls8h.XN--ls8h.la/", ["http://xn--ls8h.XN--ls8h.la/"]),
        ("http://foobar.みんな/ http://foobar.中国/", ["http://foobar.みんな/", "http://foobar.中国/"]),
        ("これは。example.com/path中国語t.co/abc한국", ["example.com/path", "t.co/abc"]),
        ("http://twitter.com/これは。example.com中国語", ["http://twitter.com/", "example.com"]),
        ("http://a.com/\nhttp://b.com\nc.com/path", ["http://a.com/", "http://b.com", "c.com/path"]),
        ("#test.com @test.com #http://test.com $twitter.com", []),
        ("john.doe.gov@mail.com", []),
        ("long.test.tar.bz2 version 3.14 e.g. so", []),
        ("\u202ehttp://example.com", ["http://example.com"]),
        ("http://" + "a" * 63 + ".com", ["http://" + "a" * 63 + ".com"]),
        ("http://" + "a" * 64 + ".com", []),
        ("http://" + "ü" * 64 + ".com", []),
    ],
    ids=lambda value: str(value)[:30] or "none",
)  # fmt: skip
def test_links_are_those_of_the_published_examples(text: str, expected: list[str]) -> None:
    assert links(text) == expected


def test_a_link_knows_whether_its_protocol_is_written() -> None:
    assert [link.has_protocol for link in find_links("https://example.com example.com")] == [True, False]


def test_a_longer_link_than_any_browser_takes_is_none() -> None:
    longest = "http://example.com/" + "a" * (4096 - len("http://example.com/"))
    assert links(longest) == [longest]
    assert links(longest + "a") == []


@given(st.text("aあ.-_/:@?=&(日com ht p\u0301", max_size=80))
def test_links_stand_in_order_inside_the_text_and_hold_a_dot(text: str) -> None:
    position = 0
    for link in find_links(text):
        assert position <= link.start < link.end <= len(text)
        assert "." in text[link.start : link.end]
        position = link.end


@pytest.mark.parametrize(
    "piece",
    [
        "a.com ",
        "a.",
        "あ.い",
        "xn--",
        "-a.b",
        "a.com@",
        "日a.com",
        "a",
        "あ",
        "http://",
        "(a",
        "a(b(c)",
        "@",
        "a.com/(",
    ],
)
def test_a_hostile_text_takes_no_longer_than_its_length_asks_for(piece: str) -> None:
    text = "http://a.com/" + piece * (20_000 // len(piece)) + " ."
    started = time.process_time()
    find_links(text)
    assert time.process_time() - started < 20
