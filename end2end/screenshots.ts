// Writes docs/screenshots/<name>.png, one per page.
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "@playwright/test";
import { type DemoRole, demoLogin, signIn, test } from "./support.ts";

const FOLDER = join(resolve(dirname(fileURLToPath(import.meta.url)), ".."), "docs", "screenshots");

const PAGES: Record<DemoRole, readonly (readonly [name: string, path: string])[]> = {
  merchant_owner: [
    ["home", "/"],
    ["devices", "/devices"],
    ["register", "/devices/register"],
    ["device-log", "/logs"],
  ],
  platform_admin: [
    ["terminals", "/terminals"],
    ["import", "/terminals/import"],
  ],
};

async function picture(page: Page, name: string, path?: string): Promise<void> {
  if (path) await page.goto(path);
  await page.evaluate(() => document.fonts.ready.then(() => undefined));
  // The copy buttons appear once the island is awake.
  await page.locator("html.js").waitFor();
  await page.screenshot({ path: join(FOLDER, `${name}.png`), animations: "disabled" });
}

test("sign-in", async ({ page }) => {
  await page.goto("/sign-in");
  await page.getByRole("button", { name: "English" }).click();
  await picture(page, "sign-in", "/sign-in");
});

for (const [role, pages] of Object.entries(PAGES)) {
  test(role, async ({ page }) => {
    await signIn(page, demoLogin(role as DemoRole));
    for (const [name, path] of pages) await picture(page, name, path);
    if (role === "merchant_owner") {
      await page.goto("/devices?state=registered");
      const device = await page.getByRole("link", { name: /查看/ }).first().getAttribute("href");
      await picture(page, "device", device ?? "");
      await page.setViewportSize({ width: 390, height: 844 });
      await picture(page, "devices-phone", "/devices");
      await picture(page, "register-phone", "/devices/register");
    }
  });
}
