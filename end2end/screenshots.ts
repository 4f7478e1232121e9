// Writes docs/screenshots/<page>[-en][-phone].png: the main pages in Chinese and English, on a desktop and a phone.
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "@playwright/test";
import { type DemoRole, demoLogin, signIn, test } from "./support.ts";

const FOLDER = process.env["TILLKEEPER_SCREENSHOTS"] ?? join(resolve(dirname(fileURLToPath(import.meta.url)), ".."), "docs", "screenshots");

const PAGES: Record<DemoRole, readonly (readonly [name: string, path: string])[]> = {
  merchant_owner: [
    ["home", "/"],
    ["devices", "/devices"],
    ["register", "/devices/register"],
    ["device-log", "/logs"],
    ["account", "/settings/account"],
  ],
  platform_admin: [
    ["platform-home", "/"],
    ["terminals", "/terminals"],
    ["import", "/terminals/import"],
  ],
};

const SCREENS = { "": { width: 1280, height: 800 }, "-phone": { width: 390, height: 844 } } as const;
const LANGUAGES = { "": "中文", "-en": "English" } as const;

async function picture(page: Page, name: string, path: string): Promise<void> {
  for (const [screen, size] of Object.entries(SCREENS)) {
    await page.setViewportSize(size);
    await page.goto(path);
    await page.evaluate(() => document.fonts.ready.then(() => undefined));
    // The copy buttons appear once the island is awake.
    await page.locator("html.js").waitFor();
    await page.screenshot({ path: join(FOLDER, `${name}${screen}.png`), animations: "disabled" });
  }
  await page.setViewportSize(SCREENS[""]);
}

/** Does the same in both languages; `suffix` is what their pictures' names have. */
async function inBoth(page: Page, work: (suffix: string) => Promise<void>): Promise<void> {
  for (const [suffix, word] of Object.entries(LANGUAGES)) {
    const change = page.getByRole("banner").getByRole("button", { name: word });
    if (await change.isVisible()) await change.click();
    await work(suffix);
  }
}

test("sign-in", async ({ page }) => {
  await page.goto("/sign-in");
  await inBoth(page, (suffix) => picture(page, `sign-in${suffix}`, "/sign-in"));
});

for (const [role, pages] of Object.entries(PAGES)) {
  test(role, async ({ page }) => {
    test.setTimeout(240_000);
    await signIn(page, demoLogin(role as DemoRole));
    await page.goto(role === "merchant_owner" ? "/devices?state=registered" : "/terminals");
    const device = await page.getByRole("link", { name: /查看/ }).first().getAttribute("href");
    await inBoth(page, async (suffix) => {
      for (const [name, path] of pages) await picture(page, `${name}${suffix}`, path);
      if (role === "merchant_owner") await picture(page, `device${suffix}`, device ?? "");
    });
  });
}
