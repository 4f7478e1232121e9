// What every page is quicker with once a script runs: keys, a list that arrows walk through, and focus that stays where the
// work is. What is larger is fetched when somebody asks for it.

const root = document.documentElement;
const singleKeys = root.dataset["keys"] !== "off";

/** Whether a key goes into a field. */
function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLInputElement && !["button", "checkbox", "file", "radio", "submit"].includes(target.type);
}

/** The field of the page that searches, else the one for a serial number. */
function searchField(): HTMLInputElement | null {
  const fields = document.querySelectorAll<HTMLInputElement>("main :is(input[name=q], input#sn, input[name=sn])");
  return [...fields].find((field) => field.type !== "hidden" && field.checkVisibility()) ?? null;
}

async function openPalette(keys: boolean): Promise<void> {
  // Nobody is signed in, or this is the palette's own page.
  const link = document.querySelector("[data-palette]");
  const here = document.querySelector<HTMLInputElement>("main [data-palette-body] input[name=q]");
  if (here) here.focus();
  if (!link || here) return;
  const { open } = await import("./palette.js");
  await open(keys);
}

/** From a link or button in a row to the one in its place in the row above or below; true when there is one. */
function walk(step: 1 | -1): boolean {
  const here = document.activeElement;
  const row = here?.closest("main tbody tr, main li[data-row]");
  const reachable = (in_: Element) => [...in_.querySelectorAll<HTMLElement>("a[href], button, input")].filter((it) => it.checkVisibility());
  if (!row) {
    const first = document.querySelector<HTMLElement>("main tbody tr a[href]");
    first?.focus();
    return Boolean(first);
  }
  const place = reachable(row).indexOf(here as HTMLElement);
  let next = step > 0 ? row.nextElementSibling : row.previousElementSibling;
  while (next) {
    const found = reachable(next);
    const chosen = found[Math.min(Math.max(place, 0), found.length - 1)];
    if (chosen) {
      chosen.focus();
      return true;
    }
    next = step > 0 ? next.nextElementSibling : next.previousElementSibling;
  }
  return false;
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || event.altKey) return;
  if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    if (!event.repeat) void openPalette(false);
    return;
  }
  if (event.ctrlKey || event.metaKey) return;
  if (event.key === "Escape") {
    const menu = document.querySelector<HTMLDetailsElement>("details[data-menu][open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary")?.focus();
    }
    return;
  }
  if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
  const inRow = document.activeElement?.closest("main tbody tr, main li[data-row]");
  if (inRow && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    if (walk(event.key === "ArrowDown" ? 1 : -1)) event.preventDefault();
    return;
  }
  if (!singleKeys) return;
  switch (event.key) {
    case "/": {
      const field = searchField();
      event.preventDefault();
      if (field) {
        field.focus();
        field.select();
      } else {
        void openPalette(false);
      }
      break;
    }
    case "?":
      event.preventDefault();
      void openPalette(true);
      break;
    case "j":
    case "k":
      if (walk(event.key === "j" ? 1 : -1)) event.preventDefault();
      break;
  }
});

document.addEventListener("click", (event) => {
  const pressed = event.target instanceof Element ? event.target : null;
  const scan = pressed?.closest<HTMLElement>("[data-scan]");
  if (scan) {
    void import("./scan.js").then(({ scanInto }) => scanInto(scan));
  }
  if (pressed?.closest("[data-palette]")) {
    event.preventDefault();
    void openPalette(false);
  }
  for (const menu of document.querySelectorAll<HTMLDetailsElement>("details[data-menu][open]")) {
    if (!pressed || !menu.contains(pressed)) menu.open = false;
  }
});

// How long ago something was, kept true while the page stays open.

const told = document.querySelector<HTMLElement>("[data-ages]");
const ahead = Date.now() - Number(told?.dataset["now"] ?? 0);
const words = (told?.dataset["ages"] ?? "").split("|");

function age(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  const [place, n] = minutes < 1 ? [0, 0] : minutes < 60 ? [1, minutes] : minutes < 1440 ? [2, Math.floor(minutes / 60)] : [3, Math.floor(minutes / 1440)];
  return (words[place] ?? "").replace("{}", String(n));
}

function refreshAges(): void {
  for (const time of document.querySelectorAll<HTMLTimeElement>("main time[datetime]")) {
    const beside = time.nextElementSibling;
    const passed = Date.now() - ahead - Date.parse(time.dateTime);
    if (beside?.matches("span[data-age]") && passed >= 0) beside.textContent = age(passed);
  }
}

if (words.length === 4) setInterval(refreshAges, 30_000);

// A form answers with a page that is new to the browser. The focus goes to what the answer says, else to where it was.

const KEPT = "focus";
const KEPT_MS = 15_000;

/** What finds an element again on the next page. */
function selectorOf(element: Element): string | null {
  const quoted = (value: string) => `"${CSS.escape(value)}"`;
  if (element.id) return `#${CSS.escape(element.id)}`;
  const name = element.getAttribute("name");
  const value = element.getAttribute("value");
  const form = element.closest("form");
  const action = form?.getAttribute("action");
  const within = action ? `form[action=${quoted(action)}] ` : "";
  if (name) return `${within}[name=${quoted(name)}]${value && element instanceof HTMLButtonElement ? `[value=${quoted(value)}]` : ""}`;
  if (within && element instanceof HTMLButtonElement) return `${within}[type=submit]`;
  return null;
}

document.addEventListener("submit", (event) => {
  const element = event.submitter ?? document.activeElement;
  const selector = element && selectorOf(element);
  const menu = element?.closest("details[data-menu]");
  const changes = event.target instanceof HTMLFormElement && event.target.method === "post";
  if (selector) sessionStorage.setItem(KEPT, JSON.stringify({ selector, menu: Boolean(menu), changes, at: Date.now() }));
});

function restoreFocus(): void {
  const text = sessionStorage.getItem(KEPT);
  sessionStorage.removeItem(KEPT);
  if (!text) return;
  const { selector, menu, changes, at } = JSON.parse(text) as { selector: string; menu: boolean; changes: boolean; at: number };
  if (Date.now() - at > KEPT_MS) return;
  const before = document.querySelector<HTMLElement>(selector);
  // Where the address leads to a part of the page, that is where the reader is.
  const part = location.hash && document.getElementById(location.hash.slice(1));
  if (part !== "" && !part?.contains(before)) return;
  // What was done or refused stands below the heading; a search has nothing to say there.
  const said = document.querySelector<HTMLElement>('main > h1 + :is([role="alert"], [role="status"])');
  if (changes && said) {
    said.tabIndex = -1;
    said.focus();
    return;
  }
  const folded = before?.closest<HTMLDetailsElement>("details[data-menu]");
  if (menu && folded) folded.open = true;
  before?.focus();
}

// Once a browser has gone to the part that an address names, the focus is its to give.
if (location.hash && document.readyState !== "complete") addEventListener("load", restoreFocus, { once: true });
else restoreFocus();

export {};
