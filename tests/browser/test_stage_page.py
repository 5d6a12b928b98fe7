"""The page in a real browser: live, by keyboard, on a phone and a desk, by day and at night."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Dialog, Page, Route, expect

pytestmark = pytest.mark.browser

Open = Callable[..., Page]
Bot = Callable[..., dict[str, Any]]
PHONE = {"width": 390, "height": 844}
PATHS = ["/", "/rooms", "/messages", "/messages/ada", "/notifications", "/people/new", "/people/edit", "/@ada"]


def write(page: Page, text: str) -> None:
    page.get_by_label("Write a post").fill(text)
    page.get_by_role("button", name="Post", exact=True).click()


def test_a_post_appears_in_another_browser_and_a_bots_answer_in_both(open_page: Open, stage_url: str, bot: Bot) -> None:
    mine, other = open_page(stage_url), open_page(stage_url)
    write(mine, "Good evening, @ada!")
    expect(mine.locator("article .text")).to_have_text("Good evening, @ada!")
    expect(mine.get_by_label("Write a post")).to_have_value("")
    expect(other.locator("article .text")).to_have_text("Good evening, @ada!")
    post_id = (mine.locator("article").get_attribute("id") or "").removeprefix("post-")
    mine.locator("article .when a").click()
    expect(mine.get_by_role("heading", name="Thread")).to_be_visible()
    bot("POST", "/api/posts", text="@you Lamp lit at 18:02.", in_reply_to=post_id)
    expect(mine.locator('[data-live="below"] article')).to_contain_text("Lamp lit at 18:02.")
    expect(mine.locator('[data-live="below"] .chip')).to_have_text("bot")
    expect(other.locator("article").first).to_contain_text("Lamp lit at 18:02.")
    expect(mine.locator("[data-announce]")).to_have_text("Ada, bot, wrote: @you Lamp lit at 18:02.")
    expect(mine.get_by_role("link", name=re.compile("Notifications"))).to_contain_text("1 new")


def test_edits_counts_and_deletions_show_by_themselves_and_a_draft_survives_them(
    open_page: Open, stage_url: str, bot: Bot
) -> None:
    post = bot("POST", "/api/posts", text="The tide is in.")["id"]
    page = open_page(stage_url)
    draft = page.get_by_label("Write a post")
    draft.fill("Half a sent")
    bot("PATCH", f"/api/posts/{post}", text="The tide is out.")
    expect(page.locator("article .text")).to_have_text("The tide is out.")
    page.evaluate("document.querySelector('article').marked = true")
    other = open_page(stage_url)
    other.get_by_role("button", name=re.compile("^Like")).click()
    expect(other.get_by_role("button", name=re.compile("^Like"))).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name=re.compile("^Like"))).to_contain_text("1")
    assert page.evaluate("document.querySelector('article').marked")  # the same node: nothing was thrown away
    bot("DELETE", f"/api/posts/{post}")
    expect(page.locator("article")).to_have_count(0)
    expect(page.get_by_text("Nobody has posted yet")).to_be_visible()
    expect(draft).to_have_value("Half a sent")
    expect(draft).to_be_focused()


def test_the_focus_stays_where_it_is_while_posts_arrive(open_page: Open, stage_url: str, bot: Bot) -> None:
    bot("POST", "/api/posts", text="one")
    page = open_page(stage_url)
    page.get_by_role("button", name=re.compile("^Like")).focus()
    page.keyboard.press("Enter")
    expect(page.locator("button[aria-pressed=true]")).to_have_count(1)
    bot("POST", "/api/posts", text="two")
    expect(page.locator("article")).to_have_count(2)
    expect(page.locator("button[aria-pressed=true]")).to_be_focused()


def test_everything_needed_for_a_post_is_within_reach_of_the_keyboard(open_page: Open, stage_url: str) -> None:
    page = open_page(stage_url)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the stage")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to the stage")).to_be_in_viewport()
    page.keyboard.press("Enter")
    for _ in range(6):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "write":
            break
    expect(page.get_by_label("Write a post")).to_be_focused()
    page.keyboard.type("By keyboard alone.")
    for _ in range(6):
        page.keyboard.press("Tab")
        ring = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert ring == "solid"
        if page.evaluate("document.activeElement.hasAttribute('data-send')"):
            break
    page.keyboard.press("Enter")
    expect(page.locator("article .text")).to_have_text("By keyboard alone.")
    expect(page.get_by_label("Write a post")).to_have_value("")
    page.get_by_label("Write a post").fill("With the short cut.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("article .text").first).to_have_text("With the short cut.")


def test_the_menu_of_people_opens_by_keyboard_and_escape_closes_it(open_page: Open, stage_url: str) -> None:
    page = open_page(stage_url + "/people/new")
    page.get_by_label("Handle").fill("mia")
    page.get_by_label("Name").fill("Mia")
    page.get_by_role("button", name="Walk on").click()
    menu = page.locator(".you > summary")
    expect(menu).to_contain_text("Mia")
    menu.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Be somebody new")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Be somebody new")).to_be_hidden()
    expect(menu).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="You @you").click()
    expect(menu).to_contain_text("You")


def test_who_becomes_somebody_else_on_the_timeline_sees_at_once_who_he_is(open_page: Open, stage_url: str) -> None:
    page = open_page(stage_url + "/people/new")
    page.get_by_label("Handle").fill("noa")
    page.get_by_label("Name").fill("Noa")
    page.get_by_role("button", name="Walk on").click()
    me = page.locator(".you > summary")
    expect(me).to_contain_text("Noa")
    me.click()
    page.locator(".menu").get_by_role("button", name="@you").click()
    expect(me.locator("b")).to_have_text("You")
    write(page, "Whose words?")
    expect(page.locator("article .byline")).to_contain_text("@you")


def test_who_joins_a_room_can_write_in_it_at_once(open_page: Open, stage_url: str, bot: Bot) -> None:
    room = bot("POST", "/api/rooms", name="garden")["id"]
    page = open_page(f"{stage_url}/rooms/{room}")
    page.get_by_role("button", name="Join").click()
    page.get_by_label("Write to the room").fill("What grows by the wall?")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("article .text")).to_have_text("What grows by the wall?")
    expect(page.get_by_text("Join the room to write in it.")).to_have_count(0)


def test_hostile_text_runs_nothing_and_is_shown_as_it_was_written(open_page: Open, stage_url: str, bot: Bot) -> None:
    attack = "<img src=x onerror=alert(1)><script>alert(2)</script> \u202egnp.exe [javascript:alert(3)](x) '\"&lt;"
    bot("PATCH", "/api/me", name="<b>Ada</b>", bio=attack)
    bot("POST", "/api/posts", text=attack, content_warning="<i>careful</i>")
    bot("POST", "/api/posts", text=attack)
    page = open_page(stage_url)
    noises: list[str] = []

    def on_dialog(dialog: Dialog) -> None:
        noises.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", on_dialog)
    page.on("console", lambda message: noises.append(message.text))
    page.on("pageerror", lambda error: noises.append(str(error)))
    for path in ("/", "/@ada"):
        page.goto(stage_url + path)
        page.wait_for_selector('[data-air][data-state="live"]')
        expect(page.locator("article .text").first).to_have_text(attack.replace("\u202e", "\ufffd"))
    bot("POST", "/api/posts", text=attack + " again")
    expect(page.locator("article")).to_have_count(3)
    expect(page.get_by_text("<b>Ada</b>").first).to_be_visible()
    assert noises == []


def test_what_never_was_there_is_told_once_and_what_goes_away_is_told_too(
    open_page: Open, stage_url: str, bot: Bot
) -> None:
    nothing = open_page(f"{stage_url}/posts/nonsense")
    post = bot("POST", "/api/posts", text="The tide is in.")["id"]
    page = open_page(f"{stage_url}/posts/{post}")
    bot("DELETE", f"/api/posts/{post}")
    expect(page.get_by_text("This is gone.")).to_be_visible()
    with nothing.expect_response(f"{stage_url}/posts/nonsense"):
        bot("POST", "/api/posts", text="The tide is out.")
    nothing.wait_for_timeout(200)
    expect(nothing.get_by_text("There is no such post.")).to_be_visible()
    expect(nothing.get_by_text("This is gone.")).to_have_count(0)


def test_the_page_asks_nobody_but_its_stage(open_page: Open, stage_url: str) -> None:
    page = open_page(stage_url)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for path in PATHS[:3]:
        page.goto(stage_url + path)
        page.wait_for_selector('[data-air][data-state="live"]')
    assert len(asked) > 9
    assert all(address.startswith(stage_url) for address in asked)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_is_wider_than_its_screen_and_every_text_stands_out(
    open_page: Open, stage_url: str, bot: Bot, scheme: str
) -> None:
    bot("PATCH", "/api/me", name="Ada " + "of the very long name " * 2)
    post = bot("POST", "/api/posts", text="W" * 200 + " https://a.example/" + "b" * 200)["id"]
    for _ in range(5):
        post = bot("POST", "/api/posts", text="and so on", in_reply_to=post)["id"]
    page = open_page(stage_url, viewport=PHONE, color_scheme=scheme)
    red, green, blue = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    assert (red + green + blue < 120) == (scheme == "dark")
    for path in [*PATHS, f"/posts/{post}"]:
        page.goto(stage_url + path)
        assert page.evaluate(LOW_CONTRAST) == [], path
        for width in (320, 390, 900, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            page.wait_for_function("width => innerWidth === width", arg=width)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path


LOW_CONTRAST = """() => {
  const light = (rgb) => {
    const [r, g, b] = rgb.map((c) => c / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const color = numbers(getComputedStyle(node).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color.slice(0, 3);
    }
    return [255, 255, 255];
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const low = [];
  while (texts.nextNode()) {
    const node = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !node.checkVisibility()) continue;
    const ink = numbers(getComputedStyle(node).color).slice(0, 3);
    const [a, b] = [light(ink), light(ground(node))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) low.push(`${node.className}: ${texts.currentNode.data.trim()} ${ratio.toFixed(2)}`);
  }
  return low;
}"""


def test_on_a_small_phone_what_can_be_done_with_a_post_stands_in_one_line(open_page: Open, stage_url: str) -> None:
    page = open_page(stage_url, viewport={"width": 320, "height": 700})
    write(page, "Good evening, @ada!")
    deeds = page.locator("article .deed:visible")
    expect(deeds).to_have_count(5)
    assert len({deed.bounding_box()["y"] for deed in deeds.all()}) == 1  # type: ignore[index]  # each is visible


def test_on_a_phone_the_navigation_is_within_reach_of_the_thumb(open_page: Open, stage_url: str) -> None:
    page = open_page(stage_url, viewport=PHONE, has_touch=True)
    tabs = page.get_by_role("navigation", name="Main").get_by_role("link")
    expect(tabs).to_have_count(5)
    for tab in tabs.all():
        box = tab.bounding_box()
        assert box is not None
        assert box["height"] >= 44
        assert box["y"] + box["height"] <= PHONE["height"]
        assert box["y"] > PHONE["height"] - 80
    send = page.get_by_role("button", name="Post", exact=True).bounding_box()
    assert send is not None
    assert send["height"] >= 44


def test_who_wants_no_motion_sees_none(open_page: Open, stage_url: str, bot: Bot) -> None:
    page = open_page(stage_url, reduced_motion="reduce")
    bot("POST", "/api/posts", text="quietly")
    expect(page.locator("article.fresh")).to_have_count(1)
    assert page.evaluate("document.getAnimations().length") == 0


def test_without_scripts_a_post_a_like_and_an_answer_work(open_page: Open, stage_url: str) -> None:
    page = open_page(stage_url, java_script_enabled=False)
    write(page, "Plain paper.")
    expect(page.locator("article .text")).to_have_text("Plain paper.")
    page.get_by_role("button", name=re.compile("^Like")).click()
    expect(page.locator("button[aria-pressed=true]")).to_have_count(1)
    page.get_by_role("link", name=re.compile("^Reply")).click()
    page.get_by_label("Reply to You").fill("And ink.")
    page.get_by_role("button", name="Reply", exact=True).click()
    expect(page.locator("article .text")).to_have_text(["Plain paper.", "And ink."])


def test_the_counter_counts_and_a_refusal_stands_beside_the_kept_text(open_page: Open, stage_url: str) -> None:
    page = open_page(stage_url)
    draft, counter = page.get_by_label("Write a post"), page.locator("[data-counter]")
    draft.fill("é👍")
    expect(counter).to_have_text("498 left")
    draft.fill("x" * 501)
    expect(counter).to_have_text("1 too many")
    page.get_by_role("button", name="Post", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text="500")).to_be_visible()
    expect(draft).to_have_value("x" * 501)


def test_words_written_while_a_post_is_on_its_way_are_kept(open_page: Open, stage_url: str) -> None:
    page = open_page(stage_url)

    def write_on(route: Route) -> None:
        page.get_by_label("Write a post").fill("the next line")
        route.continue_()

    page.route("**/posts", write_on)
    write(page, "the first line")
    expect(page.locator("article .text")).to_have_text("the first line")
    expect(page.locator("form[data-busy]")).to_have_count(0)
    expect(page.get_by_label("Write a post")).to_have_value("the next line")


def test_a_cue_puts_the_bots_handle_into_the_text(open_page: Open, stage_url: str, bot: Bot) -> None:
    page = open_page(stage_url)
    page.get_by_label("Write a post").fill("Hello")
    page.locator("[data-insert]").click()
    page.keyboard.type("how is the sea?")
    expect(page.get_by_label("Write a post")).to_have_value("Hello @ada how is the sea?")


def test_a_picture_is_posted_with_its_description(open_page: Open, stage_url: str, tmp_path: Path) -> None:
    page = open_page(stage_url)
    picture = tmp_path / "lamp.png"
    picture.write_bytes(page.locator("h1").screenshot())
    page.get_by_label("Write a post").fill("The lamp")
    page.locator(".attach > summary").click()
    page.locator("input[type=file]").set_input_files(picture)
    page.get_by_role("button", name="Post", exact=True).click()
    assert page.locator("textarea[name=alt]").evaluate("field => field.validity.valueMissing")
    page.locator("textarea[name=alt]").fill("A heading that says Timeline")
    page.get_by_role("button", name="Post", exact=True).click()
    shown = page.get_by_role("img", name="A heading that says Timeline")
    expect(shown).to_be_visible()
    assert shown.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0


def test_letters_arrive_live_and_only_with_the_one_they_are_for(open_page: Open, stage_url: str, bot: Bot) -> None:
    page = open_page(stage_url + "/messages/ada")
    page.get_by_label("Write to Ada").fill("Are you awake?")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".said.mine")).to_contain_text("Are you awake?")
    bot("POST", "/api/posts", text="Always.", direct_to="you")
    expect(page.locator(".said:not(.mine)")).to_contain_text("Always.")


def test_a_page_that_lost_its_stage_says_so(open_page: Open, stage_url: str) -> None:
    page = open_page(stage_url)
    page.context.set_offline(True)
    page.get_by_label("Write a post").fill("Anybody?")
    page.get_by_role("button", name="Post", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text="cannot be reached")).to_be_visible()
    expect(page.get_by_label("Write a post")).to_have_value("Anybody?")
