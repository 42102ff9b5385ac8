// Makes the screens live and quick. Every screen works without it.
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const one = (selector, root = document) => root.querySelector(selector);
const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

// What the server wrote into each live region, before this script touches it.
const regions = (root = document) => all("[data-live]", root);
const shown = new Map(regions().map((region) => [region.dataset.live, region.innerHTML]));

// Times: the same rules as Moment in views/moment.rs, in the reader's zone.
const span = (seconds) => {
  if (seconds < 5) return "just now";
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h`;
  return seconds < 1209600 ? `${Math.floor(seconds / 86400)} d` : null;
};
const dated = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const full = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "long" });
const past = one(".banner-past");
const tellTime = (time) => {
  const at = new Date(time.dateTime);
  if (Number.isNaN(at.getTime())) return;
  const form = time.dataset.form;
  if (form === "clock") time.textContent = clock.format(at);
  else if (!past) {
    const away = (Date.now() - at) / 1000;
    const text = span(Math.floor(Math.abs(away)));
    const said = text === null ? (form === "ago" ? "" : "since ") + dated.format(at)
      : form === "elapsed" || text === "just now" ? text : away < 0 ? `in ${text}` : `${text} ago`;
    if (time.textContent !== said) time.textContent = said;
  }
  if (!time.dataset.told) { time.title = full.format(at); time.dataset.told = "1"; }
};
const tellTimes = (root = document) => all("time[data-form]", root).forEach(tellTime);
tellTimes();
setInterval(() => { if (!document.hidden) tellTimes(); }, 10000);

// Saying something to those who listen: politely, and at most every four seconds.
let saidAt = 0, saying;
const say = (text) => {
  clearTimeout(saying);
  saying = setTimeout(() => { saidAt = Date.now(); one("#announcer")?.replaceChildren(text); }, Math.max(100, saidAt + 4000 - Date.now()));
};

// Commands can be copied.
const addCopy = (root = document) => all(".cmd", root).forEach((box) => {
  if (!navigator.clipboard || one("button", box)) return;
  const button = make("button", { type: "button", class: "btn btn-quiet" }, "Copy");
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(one("code", box).textContent);
    button.textContent = "Copied";
    say("Copied");
  });
  box.append(button);
});
addCopy();

// The calendar is one stop of the Tab key: arrows walk from day to day, PageUp and PageDown to other weeks.
const days = () => all(".calendar a.day");
const rove = (to) => days().forEach((day) => { day.tabIndex = day === to ? 0 : -1; });
const roveHome = () => { if (days().length) rove(one(".calendar .chosen a.day") || one(".calendar [aria-current] a.day") || days()[0]); };
roveHome();
document.addEventListener("keydown", (event) => {
  const day = event.target.closest?.(".calendar a.day");
  if (!day || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  const week = { PageUp: "prev", PageDown: "next" }[event.key];
  const list = days(), at = list.indexOf(day), monday = at - (at % 7);
  const to = { ArrowLeft: at - 1, ArrowRight: at + 1, ArrowUp: at - 7, ArrowDown: at + 7, Home: monday, End: monday + 6 }[event.key];
  if (week) one(`.pager [rel=${week}]`)?.click();
  else if (list[to]) { rove(list[to]); list[to].focus(); }
  else if (to === undefined) return;
  event.preventDefault();
});

// Live: one stream per screen. An event says that something changed; the screen is asked for again, at most once a
// second, and the regions that differ are exchanged.
const pathTo = (element, region) => {
  if (element.id) return `#${CSS.escape(element.id)}`;
  const href = element.getAttribute("href");
  if (href) return `[href="${CSS.escape(href)}"]`;
  return `${element.tagName}:nth-of-type(${all(element.tagName, region).indexOf(element) + 1})`;
};
const swap = (region, next) => {
  const focused = document.activeElement;
  const inside = region.contains(focused) ? focused : null;
  if (inside && inside.matches("input:not([type=checkbox]), textarea, select")) return false;
  const path = inside && pathTo(inside, region);
  region.replaceWith(next);
  if (path) next.querySelector(path)?.focus({ preventScroll: true });
  tellTimes(next);
  addCopy(next);
  roveHome();
  if (next.tagName !== "MAIN") next.classList.add("fresh");
  return true;
};
const ids = (root) => regions(root).map((region) => region.dataset.live).join();
let asking, askedAt = 0, askAgain = false;
async function refresh(tell) {
  if (asking) { askAgain = true; return; }
  asking = true;
  askedAt = Date.now();
  try {
    const response = await fetch(location.href, { headers: { accept: "text/html" } });
    if (!response.ok || response.redirected) return;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    let changed = false;
    // A region came or went: then the whole screen is exchanged.
    if (ids() !== ids(page) && swap(one("main"), document.importNode(one("main", page), true))) {
      regions(one("main", page)).forEach((region) => shown.set(region.dataset.live, region.innerHTML));
      changed = true;
    }
    for (const next of regions(page)) {
      const id = next.dataset.live, html = next.innerHTML, region = one(`[data-live="${id}"]`);
      if (!region || bare(shown.get(id)) === bare(html)) continue;
      if (swap(region, document.importNode(next, true))) { shown.set(id, html); changed = true; }
    }
    document.title = page.title;
    if (changed && tell) say("The screen has new content");
  } catch { /* the stream tells when the server is away */ } finally {
    asking = false;
    if (askAgain) { askAgain = false; setTimeout(() => refresh(tell), 500); }
  }
}
// What is only older than before is no change: times tell themselves.
const bare = (html) => html?.replace(/<time([^>]*?) title="[^"]*">[^<]*/g, "$1");

const liveUrl = document.body.dataset.liveUrl;
let stream, soon;
const connection = (text) => all("[data-connection]").forEach((place) => { place.textContent = text; });
const listen = () => {
  if (!liveUrl || stream || document.hidden) return;
  stream = new EventSource(liveUrl);
  let opened = false;
  stream.onopen = () => { connection("Live"); if (opened) refresh(); opened = true; };
  stream.onerror = () => connection("Reconnecting");
  stream.addEventListener("changed", (event) => {
    // Uses of sessions and tokens change no screen.
    if (event.data === "access") return;
    clearTimeout(soon);
    soon = setTimeout(() => refresh(true), Math.max(100, askedAt + 1000 - Date.now()));
  });
};
const rest = () => { stream?.close(); stream = undefined; };
const wake = () => { tellTimes(); if (liveUrl && !stream) { listen(); refresh(); } };
document.addEventListener("visibilitychange", () => (document.hidden ? rest() : wake()));
addEventListener("pagehide", rest);
addEventListener("pageshow", (event) => { if (event.persisted) wake(); });
listen();

// Palette: a dialog with a combobox over a listbox.
let palette, opener;
const places = () => all("[data-go]").map((link) => ({ text: link.firstChild.textContent.trim(), kind: `g ${link.dataset.go}`, href: link.getAttribute("href") }));
const openPalette = () => {
  opener = document.activeElement;
  if (!palette) palette = buildPalette();
  palette.input.value = "";
  palette.ask();
  palette.dialog.showModal();
};
const buildPalette = () => {
  const input = make("input", { type: "text", role: "combobox", "aria-label": "Go to", "aria-expanded": "true", "aria-controls": "palette-list", "aria-autocomplete": "list", placeholder: "Go to", autocomplete: "off", spellcheck: "false" });
  const list = make("ul", { id: "palette-list", role: "listbox", "aria-label": "Results" });
  const note = make("p", { class: "note", role: "status" });
  const dialog = make("dialog", { class: "palette", "aria-label": "Go to" }, input, list, note);
  let chosen = 0, waiting, asked = 0;
  const choose = (index) => {
    const options = all("li", list);
    if (!options.length) { input.removeAttribute("aria-activedescendant"); return; }
    chosen = (index + options.length) % options.length;
    options.forEach((option, at) => option.setAttribute("aria-selected", String(at === chosen)));
    options[chosen].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", options[chosen].id);
  };
  const show = (results) => {
    list.replaceChildren(...results.slice(0, 30).map((result, at) => {
      const option = make("li", { id: `palette-${at}`, role: "option", "data-href": result.href }, make("span", {}, result.text));
      if (result.kind) option.append(make("span", { class: "end" }, result.kind));
      return option;
    }));
    note.textContent = results.length ? "" : "Nothing by that name. Enter searches everywhere.";
    choose(0);
  };
  const ask = async () => {
    const query = input.value.trim().toLowerCase(), turn = ++asked;
    const near = places().filter((place) => place.text.toLowerCase().includes(query));
    if (!query) return show(near);
    try {
      const response = await fetch(`/search/palette?q=${encodeURIComponent(query)}`, { headers: { accept: "application/json" } });
      const found = response.ok ? (await response.json()).results : [];
      if (turn === asked) show([...near, ...found]);
    } catch { if (turn === asked) show(near); }
  };
  const go = () => {
    const option = all("li", list)[chosen];
    location.assign(option ? option.dataset.href : `/search?q=${encodeURIComponent(input.value)}`);
    dialog.close();
  };
  input.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(ask, 60); });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") choose(chosen + 1);
    else if (event.key === "ArrowUp") choose(chosen - 1);
    else if (event.key === "Enter") go();
    else return;
    event.preventDefault();
  });
  list.addEventListener("click", (event) => {
    const option = event.target.closest("li");
    if (option) { chosen = all("li", list).indexOf(option); go(); }
  });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => opener?.focus?.());
  document.body.append(dialog);
  return { dialog, input, ask };
};

// Keys. Single letters can be turned off under Keys and help (WCAG 2.1.4); Ctrl/Cmd-K stays.
const keysOff = () => localStorage.getItem("shortcuts") === "off";
all("[data-shortcuts]").forEach((box) => {
  box.closest("[hidden]")?.removeAttribute("hidden");
  box.checked = !keysOff();
  box.addEventListener("change", () => localStorage.setItem("shortcuts", box.checked ? "on" : "off"));
});
let selected = null;
const step = (by) => {
  const items = all(".rows > li, .suspects > li, .table tbody tr").filter((item) => one("a[href]", item) && item.offsetParent);
  if (!items.length) return;
  const at = items.findIndex((item) => item === selected);
  selected?.removeAttribute("data-selected");
  selected = items[Math.min(items.length - 1, Math.max(0, at < 0 ? (by > 0 ? 0 : items.length - 1) : at + by))];
  selected.setAttribute("data-selected", "");
  (one("a[data-open]", selected) || one("a[href]", selected)).focus();
};
let before = "", forget;
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    if (!one("dialog[open]")) openPalette();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || keysOff() || one("dialog[open]")) return;
  if (event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const first = before;
  before = "";
  clearTimeout(forget);
  if (first === "g") {
    const link = one(`[data-go="${CSS.escape(event.key)}"]`);
    if (link) { event.preventDefault(); link.click(); }
    return;
  }
  // What the chosen line offers goes before what the screen does.
  const offered = `[data-key="${CSS.escape(event.key)}"]`;
  const shortcut = (selected?.isConnected && one(offered, selected)) || one(offered);
  if (event.key === "g") { before = "g"; forget = setTimeout(() => { before = ""; }, 1200); }
  else if (event.key === "/") { event.preventDefault(); const box = one("#search"); box?.focus(); box?.select(); }
  else if (event.key === "?") location.assign("/help");
  else if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
  else if (shortcut) { event.preventDefault(); shortcut.focus(); if (shortcut.tagName === "A") shortcut.click(); }
});
addEventListener("paste", ({ target, clipboardData: { files } }) => { const to = one(`#${target.dataset?.paste}`); if (to && files.length) to.files = files; });
