// The palette: the page /palette in a dialog, asked anew while somebody types.

const ADDRESS = "/palette";
const PAUSE_MS = 120;

let dialog: HTMLDialogElement | undefined;
let opening: Promise<void> | undefined;

/** The part of the page at an address that goes into the dialog. Its forms lead back to where one is. */
async function fetched(query: string, signal: AbortSignal): Promise<Element | null> {
  const answer = await fetch(`${ADDRESS}?q=${encodeURIComponent(query)}`, { signal, headers: { accept: "text/html" } });
  // Whoever was signed out in the meantime is led to sign in.
  if (answer.redirected || !answer.ok) {
    location.assign(ADDRESS);
    return null;
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const body = page.querySelector("[data-palette-body]");
  for (const back of body?.querySelectorAll<HTMLInputElement>("input[name=back]") ?? []) back.value = location.pathname + location.search;
  return body;
}

function items(): HTMLElement[] {
  return [...(dialog?.querySelectorAll<HTMLElement>("[data-results] :is(a[href], button)") ?? [])];
}

function wire(box: HTMLDialogElement): void {
  const field = box.querySelector<HTMLInputElement>("input[name=q]");
  const results = box.querySelector<HTMLElement>("[data-results]");
  if (!field || !results) return;
  let asked = new AbortController();
  let pause = 0;
  field.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(async () => {
      asked.abort();
      asked = new AbortController();
      try {
        const body = await fetched(field.value, asked.signal);
        const found = body?.querySelector("[data-results]");
        if (found) results.replaceChildren(...found.childNodes);
      } catch (problem) {
        if (!(problem instanceof DOMException && problem.name === "AbortError")) throw problem;
      }
    }, PAUSE_MS) as unknown as number;
  });
  box.querySelector("form")?.addEventListener("submit", (event) => {
    event.preventDefault();
    items()[0]?.click();
  });
  box.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const list = items();
    const here = list.indexOf(document.activeElement as HTMLElement);
    const next = event.key === "ArrowDown" ? here + 1 : here - 1;
    event.preventDefault();
    (next < 0 ? field : list[Math.min(next, list.length - 1)])?.focus();
  });
  for (const close of box.querySelectorAll<HTMLElement>("[data-close]")) {
    close.addEventListener("click", () => box.close());
  }
}

/** Opens the palette, at the field or at the list of keys. Whoever asks again while it is being fetched waits for the same one. */
export function open(keys: boolean): Promise<void> {
  opening ??= show(keys).finally(() => {
    opening = undefined;
  });
  return opening;
}

async function show(keys: boolean): Promise<void> {
  const before = document.activeElement;
  if (!dialog) {
    const body = await fetched("", new AbortController().signal);
    if (!body) return;
    dialog = document.createElement("dialog");
    dialog.className = "palette";
    dialog.setAttribute("aria-labelledby", "palette-title");
    dialog.append(document.adoptNode(body));
    document.body.append(dialog);
    wire(dialog);
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog?.close();
    });
  }
  const list = dialog.querySelector<HTMLDetailsElement>("details[data-keys]");
  if (list) list.open = keys;
  if (!dialog.open) {
    dialog.showModal();
    dialog.addEventListener("close", () => (before as HTMLElement | null)?.focus?.(), { once: true });
  }
  const field = dialog.querySelector<HTMLInputElement>("input[name=q]");
  (keys ? list?.querySelector<HTMLElement>("summary") : field)?.focus();
}
