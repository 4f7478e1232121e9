// Whether a page is valid HTML, by html-validate's rules of the standard.
import { HtmlValidate } from "html-validate";

const validator = new HtmlValidate({
  extends: ["html-validate:standard"],
  elements: ["html5", { "leptos-island": { flow: true, phrasing: true, permittedContent: ["@flow"] } }],
});

/** An empty bogus comment by which Leptos marks places. Browsers drop it (HTML, 13.2.5.41); the validator cannot read on. */
const MARK = /<!>/g;

/** Leptos writes the page's nonce as the mode of its preloads; browsers read anything unknown as `anonymous`. */
const MODE = /(<link [^>]*)crossorigin="[\w-]{22}"/g;

/** What is wrong, one line each. */
export async function faultsOf(html: string): Promise<string[]> {
  const { results } = await validator.validateString(html.replace(MARK, "").replace(MODE, '$1crossorigin="anonymous"'));
  return results.flatMap(({ messages, source }) =>
    messages.map(({ line, column, message, ruleId }) => {
      const text = (source ?? "").split("\n")[line - 1] ?? "";
      return `${ruleId}: ${message} near ${text.slice(Math.max(0, column - 40), column + 120)}`;
    }),
  );
}
