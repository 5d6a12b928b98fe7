"""The page as a browser without scripts meets it, over a real connection to a real Stage."""

import asyncio
import html
import json
import re
import struct
import subprocess
import sys
import zlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from typing_extensions import override

StartStage = Callable[..., tuple[str, subprocess.Popen[str]]]

NUMBERS = count(1)
PEOPLE_PATHS = ["/", "/?of=following", "/rooms", "/messages", "/notifications", "/people/new", "/people/edit", "/@you"]


@dataclass(frozen=True, kw_only=True)
class Page:
    status: int
    text: str
    headers: Mapping[str, str]
    cookies: tuple[str, ...]

    @property
    def token(self) -> str:
        found = re.search(r'<meta name="token" content="(\w+)">', self.text)
        assert found is not None
        return found[1]

    @property
    def words(self) -> str:
        """What the page's main part says."""
        main = self.text.partition("<main")[2].partition("</main>")[0]
        return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", main)).split())

    @property
    def posts(self) -> list[str]:
        return re.findall(r'<article class="(?:post|said)[^>]* id="post-(\w+)"', self.text)


class Visit:
    """One browser."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.session = session
        self.url = url

    async def get(self, path: str, **headers: str) -> Page:
        async with self.session.get(self.url + path, headers=headers, allow_redirects=False) as answer:
            return await page_of(answer)

    async def send(self, path: str, fields: Mapping[str, Any], **headers: str) -> Page:
        """Post exactly these fields."""
        form = aiohttp.FormData()
        for name, value in fields.items():
            if isinstance(value, bytes):
                form.add_field(name, value, filename="picture.png", content_type="image/png")
            else:
                form.add_field(name, value)
        async with self.session.post(self.url + path, data=form, headers=headers, allow_redirects=False) as answer:
            return await page_of(answer)

    async def submit(self, path: str, **fields: Any) -> Page:
        """Post a form as the page would: with its token."""
        return await self.send(path, {"token": (await self.get("/people/new")).token, **fields})

    async def post(self, text: str, **fields: Any) -> str:
        """Write something and return its id."""
        answer = await self.submit("/posts", text=text, **fields)
        assert answer.status == 303, answer.words
        return answer.headers["location"].rpartition("/")[2]

    async def become(self, name: str = "person") -> str:
        """Be somebody new and return the handle."""
        handle = f"{name}{next(NUMBERS)}"
        assert (await self.submit("/people/new", handle=handle, name=handle.title())).status == 303
        return handle


async def page_of(answer: aiohttp.ClientResponse) -> Page:
    text = (await answer.read()).decode(errors="replace")
    return Page(
        status=answer.status,
        text=text,
        headers={name.lower(): value for name, value in answer.headers.items()},
        cookies=tuple(answer.headers.getall("Set-Cookie", [])),
    )


@asynccontextmanager
async def visiting(url: str) -> AsyncIterator[Visit]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield Visit(session, url)


async def sign_in_bot(visit: Visit, handle: str) -> str:
    """Let a bot come on stage and return its token."""
    body = {"handle": handle, "name": "Ada", "bio": "Keeps the lighthouse.", "bot": True}
    async with visit.session.post(visit.url + "/api/session", json=body) as answer:
        token: str = (await answer.json())["token"]
        return token


async def bot_posts(visit: Visit, token: str, **post: str) -> str:
    headers = {"Authorization": f"Bearer {token}"}
    async with visit.session.post(visit.url + "/api/posts", json=post, headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        post_id: str = (await answer.json())["id"]
        return post_id


def tags_of(page: Page) -> list[tuple[str, list[tuple[str, str | None]]]]:
    """Return the page's tags with their attributes."""
    found: list[tuple[str, list[tuple[str, str | None]]]] = []

    class Reader(HTMLParser):
        @override
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, attrs))

    Reader().feed(page.text)
    return found


def png() -> bytes:
    """Return the smallest picture that is one."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\x00\xff")) + chunk(b"IEND", b"")


def started(data: Path, stack: ExitStack, *options: str) -> tuple[str, subprocess.Popen[str]]:
    """Start a Stage and return its address and process; the stack stops it."""
    command = [sys.executable, "-m", "greenroom_adapters.stage", "--data", str(data), "--with-parent", *options]
    # S603: our own module, with our own arguments
    process = stack.enter_context(
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603
    )
    stack.callback(process.terminate)
    assert process.stdout is not None
    word, _, ready = process.stdout.readline().partition(" ")
    assert word == "READY"
    return json.loads(ready)["url"], process


@pytest.fixture(scope="module")
def stage_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Stage that all tests share; each brings people of its own."""
    with ExitStack() as stack:
        yield started(tmp_path_factory.mktemp("stage") / "stage.db", stack)[0]


@pytest.fixture
def start_stage(tmp_path: Path) -> Iterator[StartStage]:
    """A function that starts a Stage of the test's own, with options of the command line."""
    with ExitStack() as stack:
        yield lambda *options: started(tmp_path / "stage.db", stack, *options)


# The first look ---------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_the_first_visitor_is_you_on_an_empty_stage_that_says_what_to_do(
    start_stage: StartStage,
) -> None:
    url, _ = start_stage("--name", "Rehearsal")
    async with visiting(url) as visit:
        page = await visit.get("/")
        assert page.status == 200
        assert "Nobody has posted yet" in page.words
        assert "No bot has come on stage yet" in page.words
        assert "<title>Timeline · Rehearsal</title>" in page.text
        assert '<b dir="auto">You</b>' in page.text
        for path, words in {
            "/rooms": "No room is open yet",
            "/messages": "No letters yet",
            "/notifications": "Nothing has happened yet",
            "/?of=following": "Nobody you follow has posted yet",
            "/@you": "Nothing posted yet",
        }.items():
            assert words in (await visit.get(path)).words


@pytest.mark.asyncio
async def test_a_bot_is_labelled_wherever_it_is_shown_and_named_beside_the_composer(stage_url: str) -> None:
    async with visiting(stage_url) as visit:
        token = await sign_in_bot(visit, "ada-bot")
        post_id = await bot_posts(visit, token, text="Wind west, 5.")
        assert 'data-insert="@ada-bot "' in (await visit.get("/")).text
        for path in (f"/posts/{post_id}", "/@ada-bot"):
            page = await visit.get(path)
            assert '<span class="chip"' in page.text.partition("<main")[2]
            assert 'aria-label="Post by Ada, bot"' in page.text
        assert "run by a program" in (await visit.get("/@ada-bot")).words


@pytest.mark.asyncio
async def test_no_page_has_a_script_or_a_style_of_its_own_and_every_link_leads_somewhere(stage_url: str) -> None:
    async with visiting(stage_url) as visit:
        me = await visit.become()
        token = await sign_in_bot(visit, "crawled-bot")
        first = await visit.post("Look #here https://a.example/ @crawled-bot", next="")
        answer = await bot_posts(visit, token, text=f"@{me} yes", in_reply_to=first)
        await visit.post("quoting", quote=answer, next="")
        await visit.submit("/rooms", name="Crawl room")
        waiting, met = [*PEOPLE_PATHS, f"/posts/{first}"], set[str]()
        while waiting:
            path = waiting.pop()
            if path in met or path.startswith("/messages/" + me):
                continue
            met.add(path)
            page = await visit.get(path)
            assert page.status == 200, path
            if not page.headers["content-type"].startswith("text/html"):
                continue
            tags = tags_of(page)
            assert all(dict(attributes).get("src") for tag, attributes in tags if tag == "script"), path
            assert "style" not in {tag for tag, _ in tags}, path
            assert not {name for _, attributes in tags for name, _ in attributes if re.match("style$|on", name)}, path
            assert "default-src 'none'" in page.headers["content-security-policy"]
            assert page.headers["cache-control"] == "no-store"
            ids = re.findall(r'\sid="([^"]+)"', page.text)
            assert len(ids) == len(set(ids)), path
            links = map(html.unescape, re.findall(r'(?:href|src)="(/[^"#]*)', page.text))
            waiting.extend(link for link in links if "before=" not in link)
        assert len(met) > 15


@pytest.mark.asyncio
async def test_what_does_not_exist_is_a_page_that_says_so(stage_url: str) -> None:
    async with visiting(stage_url) as visit:
        things = ("/posts/none", "/@nobody-here", "/rooms/none", "/messages/nobody-here", "/posts/none/edit")
        for path in (*things, "/elsewhere", "/rooms/none/further/on", "/static/none.css"):
            page = await visit.get(path)
            assert (page.status, "There is no such" in page.words) == (404, True), path


@pytest.mark.asyncio
async def test_an_unchanged_style_sheet_is_not_sent_again(stage_url: str) -> None:
    async with visiting(stage_url) as visit:
        tag = (await visit.get("/static/stage.css")).headers["etag"]
        again = await visit.get("/static/stage.css", **{"If-None-Match": tag})
        assert (again.status, again.text) == (304, "")


# What is written --------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_post_returns_to_the_page_it_was_written_on_and_stands_there(stage_url: str) -> None:
    async with visiting(stage_url) as visit:
        await visit.become()
        answer = await visit.submit("/posts", text="First night.\r\nSecond line.", next="/")
        assert (answer.status, answer.headers["location"]) == (303, "/")
        page = await visit.get("/")
        assert "First night.\nSecond line." in page.text


@pytest.mark.asyncio
async def test_hostile_text_stays_text_everywhere(stage_url: str) -> None:
    attack = "<script>alert(1)</script><img src=x onerror=alert(1)> \"'&amp; </textarea></title>"
    async with visiting(stage_url) as visit:
        me = await visit.become()
        await visit.submit("/people/edit", name="<i>Mal</i> \"'", bio=attack)
        post_id = await visit.post(attack, next="")
        await visit.submit("/rooms", name="<u>room</u>")
        post = f"/posts/{post_id}"
        for path in ("/", "/rooms", f"/@{me}", post, post + "/edit", post + "/quote"):
            page = await visit.get(path)
            for tag in ("<script>alert", "<img src=x", "<i>", "<u>", "</textarea></title>"):
                assert tag not in page.text, path
        assert attack in (await visit.get("/")).words


@pytest.mark.asyncio
@pytest.mark.parametrize("text", ["a\x00b", "a\x1b[2Jb", "\x08\x08"])
async def test_control_characters_are_refused_in_words(stage_url: str, text: str) -> None:
    async with visiting(stage_url) as visit:
        page = await visit.submit("/posts", text=text, next="/")
        assert page.status == 422
        assert "control characters" in page.words


@pytest.mark.asyncio
async def test_a_text_that_is_too_long_comes_back_for_shortening_with_its_target(stage_url: str) -> None:
    async with visiting(stage_url) as visit:
        await visit.become()
        target = await visit.post("short", next="")
        page = await visit.submit("/posts", text="x" * 501, in_reply_to=target, next=f"/posts/{target}")
        assert page.status == 413
        assert "x" * 501 in page.text
        assert f'name="in_reply_to" value="{target}"' in page.text
        assert f'name="next" value="/posts/{target}"' in page.text


@pytest.mark.asyncio
async def test_a_picture_needs_a_description_and_is_shown_with_it(stage_url: str) -> None:
    async with visiting(stage_url) as visit:
        await visit.become()
        refused = await visit.submit("/posts", text="look", file=png(), alt=" ", next="")
        assert (refused.status, "Describe the picture" in refused.words) == (415, True)
        post_id = await visit.post("look", file=png(), alt='A lamp, "lit" & warm', next="")
        page = await visit.get(f"/posts/{post_id}")
        assert 'alt="A lamp, &#34;lit&#34; &amp; warm"' in page.text
        assert 'A lamp, "lit" & warm' in page.words
        source = re.search(r'src="(/media/\w+)"', page.text)
        assert source is not None
        assert (await visit.get(source[1])).headers["content-type"] == "image/png"


@pytest.mark.asyncio
async def test_what_is_no_picture_is_refused_and_the_text_comes_back(stage_url: str) -> None:
    async with visiting(stage_url) as visit:
        page = await visit.submit("/posts", text="look here", file=b"<svg onload=alert(1)>", alt="x", next="/")
        assert page.status == 415
        assert "look here" in page.text


@pytest.mark.asyncio
async def test_a_thread_shows_answers_below_what_they_answer(stage_url: str) -> None:
    async with visiting(stage_url) as visit:
        await visit.become()
        root = await visit.post("root", next="")
        left = await visit.post("left", in_reply_to=root, next="")
        right = await visit.post("right", in_reply_to=root, next="")
        under_left = await visit.post("under left", in_reply_to=left, next="")
        assert (await visit.get(f"/posts/{root}")).posts == [root, left, under_left, right]
        assert (await visit.get(f"/posts/{under_left}")).posts == [root, left, under_left]
        await visit.submit(f"/posts/{root}/delete", next="/")
        page = await visit.get(f"/posts/{left}")
        assert "An earlier post of this thread is gone" in page.words


@pytest.mark.asyncio
async def test_likes_reposts_and_follows_can_be_done_and_undone(stage_url: str) -> None:
    async with visiting(stage_url) as visit, visiting(stage_url) as other:
        author = await other.become("author")
        post_id = await other.post("like me", next="")
        me = await visit.become("fan")
        for deed in ("like", "repost"):
            for on, pressed in (("yes", "true"), ("no", "false")):
                answer = await visit.submit(f"/posts/{post_id}/{deed}", on=on, next=f"/posts/{post_id}")
                assert answer.headers["location"] == f"/posts/{post_id}"
                text = (await visit.get(f"/posts/{post_id}")).text
                button = re.search(rf'/{deed}".*?aria-pressed="(\w+)"', text, re.DOTALL)
                assert button is not None
                assert button[1] == pressed
        await visit.submit(f"/@{author}/follow", on="yes", next=f"/@{author}")
        assert "1 follower " in (await visit.get(f"/@{author}")).words
        assert (await visit.get("/?of=following")).posts == [post_id]
        news = (await other.get("/notifications")).words
        assert f"{me.title()} follows you now" in " ".join(news.split())
        await visit.submit(f"/@{author}/follow", on="no", next="/")
        assert (await visit.get("/?of=following")).posts == []


@pytest.mark.asyncio
async def test_only_the_author_edits_and_deletes(stage_url: str) -> None:
    async with visiting(stage_url) as visit, visiting(stage_url) as other:
        await visit.become()
        await other.become()
        post_id = await visit.post("mine", next="")
        assert (await other.get(f"/posts/{post_id}/edit")).status == 403
        assert (await other.submit(f"/posts/{post_id}/edit", text="theirs")).status == 403
        assert (await other.submit(f"/posts/{post_id}/delete")).status == 403
        assert (await visit.submit(f"/posts/{post_id}/edit", text="mine, again")).status == 303
        page = await other.get(f"/posts/{post_id}")
        assert "mine, again" in page.words
        assert "edited" in page.words
        gone = await visit.submit(f"/posts/{post_id}/delete", next=f"/posts/{post_id}")
        assert gone.headers["location"] == "/"
        assert (await other.get(f"/posts/{post_id}")).status == 404


@pytest.mark.asyncio
async def test_letters_are_read_by_two_and_by_nobody_else(stage_url: str) -> None:
    async with visiting(stage_url) as one, visiting(stage_url) as two, visiting(stage_url) as three:
        first, second = await one.become(), await two.become()
        await three.become()
        post_id = await one.post("for your eyes", direct_to=second, next="")
        assert "for your eyes" in (await two.get(f"/messages/{first}")).words
        assert '<span class="count">1' not in (await two.get("/")).text  # the conversation was opened: nothing is new
        for path in ("/", f"/@{first}", f"/messages/{first}", f"/messages/{second}", "/messages"):
            assert "for your eyes" not in (await three.get(path)).text, path
        assert (await three.get(f"/posts/{post_id}")).status == 404
        assert "for your eyes" not in (await two.get(f"/@{first}")).text
        assert (await one.get(f"/messages/{first}")).status == 422


@pytest.mark.asyncio
async def test_a_room_is_read_by_all_and_written_in_by_members(stage_url: str) -> None:
    async with visiting(stage_url) as one, visiting(stage_url) as two:
        await one.become()
        await two.become()
        name = f"Room {next(NUMBERS)}"
        room = (await one.submit("/rooms", name=name)).headers["location"]
        await one.post("anyone?", room=room.rpartition("/")[2], next="")
        page = await two.get(room)
        assert "anyone?" in page.words
        assert "Join the room to write in it" in page.words
        assert (await two.submit("/posts", text="me", room=room.rpartition("/")[2], next=room)).status == 403
        assert (await two.submit(room + "/join")).headers["location"] == room
        await two.post("me", room=room.rpartition("/")[2], next="")
        page = await one.get(room)
        assert page.words.index("anyone?") < page.words.index(" me ")
        assert "anyone?" not in (await two.get("/")).words


@pytest.mark.asyncio
async def test_notifications_are_new_until_they_were_looked_at(stage_url: str) -> None:
    async with visiting(stage_url) as one, visiting(stage_url) as two:
        first = await one.become()
        await two.become()
        await two.post(f"@{first} good evening", next="")
        assert '<span class="count">1' in (await one.get("/")).text
        page = await one.get("/notifications")
        assert "mentioned you" in page.words
        assert "news unread" in page.text
        again = await one.get("/notifications")
        assert "news unread" not in again.text
        assert '<span class="count">' not in (await one.get("/")).text


@pytest.mark.asyncio
async def test_a_tag_gathers_its_posts_whatever_the_case(stage_url: str) -> None:
    async with visiting(stage_url) as visit:
        await visit.become()
        tag = f"tag{next(NUMBERS)}"
        one = await visit.post(f"a #{tag}", next="")
        two = await visit.post(f"b #{tag.upper()}!", next="")
        await visit.post(f"c #{tag}x", next="")
        assert (await visit.get(f"/tags/{tag}")).posts == [two, one]


@pytest.mark.asyncio
async def test_older_posts_are_a_page_away(start_stage: StartStage) -> None:
    url, _ = start_stage()
    async with visiting(url) as visit:
        token = await sign_in_bot(visit, "ada")
        posts = [await bot_posts(visit, token, text=f"line {number} #log") for number in range(45)]
        newest = list(reversed(posts))
        for path in ("/", "/@ada", "/tags/log"):
            page = await visit.get(path)
            assert page.posts == newest[:40]
            link = re.search(r'class="more" href="([^"]+)"', page.text)
            assert link is not None
            rest = await visit.get(html.unescape(link[1]))
            assert rest.posts == newest[40:]
            assert 'class="more"' not in rest.text


# Who writes -------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_the_browser_is_known_by_cookies_that_no_script_and_no_other_site_can_use(stage_url: str) -> None:
    async with visiting(stage_url) as visit:
        first = await visit.get("/")
        made = await visit.submit("/people/new", handle=f"cookie{next(NUMBERS)}", name="C")
        cookies = [*first.cookies, *made.cookies]
        assert len(cookies) == 2
        for cookie in cookies:
            assert "HttpOnly" in cookie
            assert "SameSite=strict" in cookie


@pytest.mark.asyncio
async def test_people_can_be_switched_between_but_nobody_can_be_a_bot(stage_url: str) -> None:
    async with visiting(stage_url) as visit:
        await sign_in_bot(visit, "proud-bot")
        first = await visit.become()
        await visit.become()
        await visit.submit("/people/switch", handle=first)
        assert f'<b dir="auto">{first.title()}</b>' in (await visit.get("/")).text
        refused = await visit.submit("/people/switch", handle="proud-bot")
        assert (refused.status, "is a bot" in refused.words) == (403, True)
    async with visiting(stage_url) as visit:
        page = await visit.get("/", Cookie="greenroom_person=proud-bot")
        assert '<small>You are</small><b dir="auto">You</b>' in page.text


@pytest.mark.asyncio
async def test_a_handle_is_taken_once_and_must_be_one(stage_url: str) -> None:
    async with visiting(stage_url) as visit:
        handle = await visit.become()
        assert (await visit.submit("/people/new", handle=handle.upper(), name="x")).status == 422
        assert (await visit.submit("/people/new", handle="a b", name="x")).status == 422
        assert (await visit.submit("/people/new", handle="", name="x")).status == 422


@pytest.mark.asyncio
async def test_a_closed_stage_lets_nobody_new_in(start_stage: StartStage) -> None:
    url, _ = start_stage("--closed")
    async with visiting(url) as visit:
        assert (await visit.submit("/people/new", handle="newcomer", name="x")).status == 403


@pytest.mark.asyncio
async def test_a_bot_called_you_does_not_become_the_visitor(
    start_stage: StartStage,
) -> None:
    url, _ = start_stage()
    async with visiting(url) as visit:
        await sign_in_bot(visit, "you")
        await visit.post("hello", next="")
        assert "@you2" in (await visit.get("/")).words


# Who may not ------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_form_without_the_browsers_own_token_changes_nothing(stage_url: str) -> None:
    async with visiting(stage_url) as visit, visiting(stage_url) as other:
        text = f"forged {next(NUMBERS)}"
        foreign = (await other.get("/")).token
        without_cookie = await visit.send("/posts", {"text": text, "token": ""})
        assert without_cookie.status == 403
        await visit.get("/")
        for token in ({}, {"token": ""}, {"token": "0" * 64}, {"token": foreign}, {"token": png()}):
            assert (await visit.send("/posts", {"text": text, **token})).status == 403
        assert text not in (await visit.get("/")).text


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}, {"Origin": "null"}]
)
async def test_a_form_of_another_site_is_refused_even_with_a_token(stage_url: str, headers: dict[str, str]) -> None:
    async with visiting(stage_url) as visit:
        fields = {"text": "from afar", "token": (await visit.get("/")).token}
        assert (await visit.send("/posts", fields, **headers)).status == 403


@pytest.mark.asyncio
async def test_a_rebound_host_reads_nothing(stage_url: str) -> None:
    async with visiting(stage_url) as visit:
        for path in ("/", "/static/stage.js", "/live"):
            page = await visit.get(path, Host="evil.example")
            assert page.status in (400, 421)
            assert "<" not in page.text


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example/", "/\\evil.example", "/a\r\nX: y", "javascript:alert(1)", "x"]
)
async def test_the_way_back_never_leaves_the_stage(stage_url: str, target: str) -> None:
    async with visiting(stage_url) as visit:
        await visit.become()
        answer = await visit.submit("/posts", text="stay", next=target)
        assert answer.headers["location"] == "/"


# Live -------------------------------------------------------------------------------------------------------------


async def told(answer: aiohttp.ClientResponse) -> str:
    """Return the next message of a stream."""
    async with asyncio.timeout(10):
        while True:
            line = (await answer.content.readline()).decode()
            assert line, "the stream ended"
            if line.startswith("data: "):
                return line.removeprefix("data: ").strip()


@pytest.mark.asyncio
async def test_every_change_is_told_at_once_and_letters_only_to_their_two(stage_url: str) -> None:
    async with visiting(stage_url) as visit, visiting(stage_url) as other:
        first, _ = await visit.become(), await other.become()
        third = "third" + first
        async with visiting(stage_url) as maker:
            await maker.submit("/people/new", handle=third, name="T")
        async with visit.session.get(stage_url + "/live") as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            await stream.content.readline()
            await other.post("not for you", direct_to=third, next="")
            post_id = await other.post("one", next="")
            assert await told(stream) == "posted"
            await other.submit(f"/posts/{post_id}/like", on="yes")
            assert await told(stream) == "counted"
            await other.submit(f"/posts/{post_id}/edit", text="two")
            assert await told(stream) == "edited"
            await other.submit(f"/posts/{post_id}/delete")
            assert await told(stream) == "deleted"


@pytest.mark.asyncio
async def test_an_open_stream_ends_with_the_stage_and_does_not_hold_it_up(
    start_stage: StartStage,
) -> None:
    url, process = start_stage()
    async with visiting(url) as visit, visit.session.get(url + "/live") as stream:
        await stream.content.readline()
        process.terminate()
        async with asyncio.timeout(5):
            await stream.content.read()
            assert await asyncio.to_thread(process.wait) == 0
