// Keeps the page live: when the Stage says that something changed, the page asks for itself again and takes over what
// differs in its live regions. Without this script every link and form works by itself.

const quiet = matchMedia("(prefers-reduced-motion: reduce)");
const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

// ---------------------------------------------------------------- taking over what differs

/** Make `old` equal to `fresh`, keeping every node that stays: focus, selection and opened details survive. */
function morph(old, fresh, arrived) {
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) return;
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  }
  const kept = ["fresh", "unread"].filter((name) => old.classList.contains(name)); // until the page is left
  for (const { name, value } of [...fresh.attributes]) {
    if (old.getAttribute(name) !== value && name !== "open") old.setAttribute(name, value);
  }
  old.classList.add(...kept);

  const stays = new Set([...fresh.children].map((child) => child.id).filter(Boolean));
  const keyed = new Map();
  for (const child of [...old.children]) {
    if (!child.id) continue;
    if (stays.has(child.id)) keyed.set(child.id, child);
    else child.remove();
  }
  let at = old.firstChild;
  for (const next of [...fresh.childNodes]) {
    const same = next.id ? keyed.get(next.id) : at && !at.id && at.nodeName === next.nodeName ? at : null;
    if (!same) {
      const added = document.importNode(next, true);
      old.insertBefore(added, at);
      if (added.id) arrived.push(added);
      continue;
    }
    if (same === at) at = at.nextSibling;
    else old.insertBefore(same, at);
    morph(same, next, arrived);
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
}

function takeOver(page) {
  const root = document.documentElement;
  const atFoot = root.scrollHeight - innerHeight - scrollY < 160;
  for (const region of $$("[data-live]")) {
    const fresh = $(`[data-live="${region.dataset.live}"]`, page);
    if (!fresh) continue;
    const arrived = [];
    morph(region, fresh, arrived);
    if (region.hasAttribute("data-fresh")) announce(arrived);
    if (region.hasAttribute("data-foot") && atFoot && arrived.length) toFoot(quiet.matches ? "instant" : "smooth");
  }
  const token = $('meta[name="token"]', page)?.content;
  if (token) $('meta[name="token"]').content = token;
}

function announce(arrived) {
  const told = arrived.map((node) => (node.dataset.say ? node : $("[data-say]", node))).filter(Boolean);
  for (const node of told) {
    node.classList.add("fresh");
    node.addEventListener("animationend", () => node.classList.remove("fresh"), { once: true });
  }
  if (told.length) {
    $("[data-announce]").textContent = told.length === 1 ? told[0].dataset.say : `${told.length} new entries.`;
  }
}

function toFoot(behavior) {
  scrollTo({ top: document.documentElement.scrollHeight, behavior });
}

const parse = (html) => new DOMParser().parseFromString(html, "text/html");

// ---------------------------------------------------------------- hearing of changes

let asking = false;
let again = false;

async function refresh() {
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  try {
    do {
      again = false;
      const answer = await fetch(location.href, { headers: { "X-Refresh": "yes" }, cache: "no-store" });
      if (answer.ok) takeOver(parse(await answer.text()));
      else if (answer.status === 404 && !$("[data-refusal]")) $("[data-notice]").textContent = "This is gone.";
      await new Promise((done) => setTimeout(done, 120)); // a busy stage is read some times a second, not at every word
    } while (again);
  } catch {
    air("off", "Reconnecting…");
  } finally {
    asking = false;
  }
}

function air(state, words) {
  $("[data-air]").dataset.state = state;
  $("[data-air-words]").textContent = words;
}

let line = null;

function listen() {
  line?.close();
  line = new EventSource("/live");
  line.onopen = () => {
    air("live", "Live");
    refresh();
  };
  line.onmessage = refresh;
  line.onerror = () => {
    air("off", "Reconnecting…");
    if (line.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
  };
}

// A hidden page gives its connection back: browsers open only a few to one host.
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) listen();
  else line?.close();
});
addEventListener("pagehide", () => line?.close());
addEventListener("pageshow", (event) => event.persisted && listen());
setInterval(() => document.hidden || refresh(), 30_000);
listen();

// ---------------------------------------------------------------- forms

function complain(form, sentence) {
  const place = $("[data-error]", form) ?? $("[data-notice]");
  place.textContent = sentence;
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  event.preventDefault();
  if (form.dataset.busy) return;
  form.dataset.busy = "yes";
  complain(form, "");
  const body = new FormData(form, event.submitter);
  const sent = form.elements.text?.value;
  body.set("token", $('meta[name="token"]').content);
  try {
    const answer = await fetch(form.action, { method: "POST", body });
    const page = parse(await answer.text());
    const to = new URL(answer.url);
    if (!answer.ok) {
      complain(form, $("[data-refusal]", page)?.textContent || "The Stage did not take it.");
    } else if (to.pathname + to.search === location.pathname + location.search && !("whole" in form.dataset)) {
      // Who writes on while the answer is on its way keeps the new words.
      if ("composer" in form.dataset && form.elements.text.value === sent) clear(form);
      takeOver(page);
    } else {
      location.assign(to); // to itself as well, where the form changes more than the live regions
    }
  } catch {
    complain(form, "The Stage cannot be reached. What you wrote is still here.");
  } finally {
    delete form.dataset.busy;
  }
});

function clear(form) {
  form.reset();
  for (const details of $$("details[open]", form)) details.open = false;
  needDescription(form);
  count(form);
}

// ---------------------------------------------------------------- writing

const LINK = /https?:\/\/[^\s<>"]+/g;
const graphemes = new Intl.Segmenter();
const bytes = (text) => new TextEncoder().encode(text).length;
const MAY_BE_EMOJI = /[\p{S}\p{C}\u203c\u2049\u2139\u20e3\u3030\u303d\ufe0f]/u;
const weigh = (text) =>
  [...text.normalize("NFC").replace(LINK, "x".repeat(23))].reduce((sum, letter) => {
    const code = letter.codePointAt(0);
    const light = code <= 4351 || (code >= 8192 && code <= 8205) || (code >= 8208 && code <= 8223) || (code >= 8242 && code <= 8247);
    return sum + (light ? 1 : 2);
  }, 0);

/** How each of the contract's counting rules measures. A preview: the Stage itself decides. */
const RULES = {
  "code points": (text) => [...text].length,
  graphemes: (text) => [...graphemes.segment(text)].length,
  "UTF-16 units": (text) => text.length,
  "UTF-8 bytes": bytes,
  "characters, each emoji as its bytes": (text) =>
    [...text].reduce((sum, letter) => sum + (MAY_BE_EMOJI.test(letter) ? bytes(letter) : 1), 0),
  "characters, each link as 23": (text) => [...text.replace(LINK, "x".repeat(23))].length,
  "X weighted": weigh,
};

function count(form) {
  const text = form.elements.text.value;
  const left = Math.min(...JSON.parse(form.dataset.limits).map(({ length, rule }) => length - (RULES[rule] ?? RULES["code points"])(text)));
  const counter = $("[data-counter]", form);
  counter.textContent = left < 0 ? `${-left} too many` : `${left} left`;
  counter.toggleAttribute("data-over", left < 0);
}

function needDescription(form) {
  if (form.elements.file) form.elements.alt.required = form.elements.file.files.length > 0;
}

for (const form of $$("[data-composer]")) {
  const text = form.elements.text;
  count(form);
  text.addEventListener("input", () => count(form));
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  form.elements.file?.addEventListener("change", () => needDescription(form));
}

document.addEventListener("click", (event) => {
  const cue = event.target.closest("[data-insert]");
  const text = cue?.closest("form")?.elements.text;
  if (text) {
    event.preventDefault();
    const space = text.selectionStart > 0 && !/\s/.test(text.value[text.selectionStart - 1]) ? " " : "";
    text.focus();
    text.setRangeText(space + cue.dataset.insert, text.selectionStart, text.selectionEnd, "end");
    text.dispatchEvent(new Event("input"));
  }
  for (const menu of $$(".you[open], .own[open]")) if (!menu.contains(event.target)) menu.open = false;
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of $$(".you[open], .own[open]")) {
    menu.open = false;
    $("summary", menu).focus();
  }
});

if ($("[data-foot]")) toFoot("instant");
if (location.hash === "#reply") {
  const text = $("#reply");
  text?.focus();
  text?.setSelectionRange(text.value.length, text.value.length);
}
