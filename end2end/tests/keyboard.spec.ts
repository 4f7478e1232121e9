// The main flows with the keyboard alone, and the keys that are quicker.
import type { Page } from "@playwright/test";
import { demoLogin, demoPassword, expect, expectAccessible, test } from "../support.ts";

/** Presses Tab until the focus is where it should be. Whatever has it on the way must show it. */
async function tabTo(page: Page, selector: string, most = 60): Promise<void> {
  for (let presses = 0; presses < most; presses++) {
    await page.keyboard.press("Tab");
    const { there, seen } = await page.evaluate((wanted) => {
      const here = document.activeElement;
      if (!here || here === document.body) return { there: false, seen: true };
      const style = getComputedStyle(here);
      const { width, height } = here.getBoundingClientRect();
      const ring = style.outlineStyle !== "none" && Number.parseFloat(style.outlineWidth) > 0;
      return { there: here.matches(wanted), seen: ring && width > 0 && height > 0 };
    }, selector);
    expect(seen, `the focus shows after ${presses + 1} presses of Tab`).toBe(true);
    if (there) return;
  }
  throw new Error(`Tab does not reach ${selector}`);
}

async function signInByKeys(page: Page): Promise<void> {
  await page.goto("/sign-in");
  // The first field is waiting.
  await expect(page.locator("#login")).toBeFocused();
  await page.keyboard.type(demoLogin("merchant_owner"));
  await page.keyboard.press("Tab");
  await page.keyboard.type(demoPassword());
  await page.keyboard.press("Enter");
  await expect(page).not.toHaveURL(/sign-in/);
}

test("sign in, look a terminal up, register another, read the log: no mouse", async ({ page }, info) => {
  await signInByKeys(page);
  // The field for the serial number is waiting.
  await page.keyboard.type(info.project.name === "js" ? "KEYS000001" : "KEYS000002");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/devices\/KEYS/);
  await page.goto("/devices");
  await tabTo(page, ".skip-link");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/#main$/);
  await tabTo(page, "main tbody a[href^='/devices/']");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/devices\/[^?]+/);
  await page.goto("/devices/register");
  await tabTo(page, "#sn");
  await page.keyboard.type("A#1");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert")).toBeVisible();
  if (info.project.name === "js") await expect(page.getByRole("alert")).toBeFocused();
  await tabTo(page, "nav a[href='/logs']");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/logs$/);
});

test("the palette is a page of its own", async ({ page }) => {
  await signInByKeys(page);
  await page.goto("/palette?q=注册");
  await expect(page.getByRole("main")).toContainText("终端注册");
  await page.getByRole("main").getByRole("link", { name: "终端注册" }).click();
  await expect(page).toHaveURL(/\/devices\/register$/);
  await page.goto("/palette");
  await page.getByRole("button", { name: "改为深色" }).click();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
});

test.describe("with a script", () => {
  test.beforeEach(async ({ page }, info) => {
    test.skip(info.project.name !== "js", "keys need a script");
    await signInByKeys(page);
  });

  test("Ctrl+K finds pages and terminals from anywhere", async ({ page }) => {
    await page.goto("/devices");
    const sn = (await page.locator("main tbody a.code").first().innerText()).trim();
    await page.goto("/logs");
    await page.locator("main a[href]").first().focus();
    await page.keyboard.press("Control+k");
    const palette = page.getByRole("dialog");
    await expect(palette.locator("input[name=q]")).toBeFocused();
    await expectAccessible(page);
    await page.keyboard.type(sn);
    await expect(palette.getByRole("link", { name: sn })).toBeVisible();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await expect(page).toHaveURL(new RegExp(`/devices/${encodeURIComponent(sn)}`));
    // From within a field, and back to it.
    await page.goto("/devices/register");
    await page.locator("#sn").focus();
    await page.keyboard.press("Control+k");
    await expect(palette).toBeVisible();
    await page.keyboard.press("Escape");
    await expect(palette).toBeHidden();
    await expect(page.locator("#sn")).toBeFocused();
  });

  test("what is chosen in the palette leads back to where one was", async ({ page }) => {
    const here = "/logs?outcome=failure";
    await page.goto(here);
    await page.keyboard.press("Control+k");
    const palette = page.getByRole("dialog");
    await palette.getByRole("button", { name: "改为深色" }).click();
    await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
    expect(new URL(page.url()).pathname + new URL(page.url()).search).toBe(here);
    // Also of what was found by typing.
    await page.keyboard.press("Control+k");
    await expect(palette.locator("input[name=q]")).toBeFocused();
    await page.keyboard.type("Engl");
    await expect(palette.getByRole("link", { name: "查看失败记录" })).toHaveCount(0);
    await palette.getByRole("button", { name: "English" }).click();
    await expect(page.locator("html")).toHaveAttribute("lang", "en");
    expect(new URL(page.url()).pathname + new URL(page.url()).search).toBe(here);
    await page.keyboard.press("Control+k");
    await expect(palette.getByRole("link", { name: "Export the device log (CSV)" })).toBeVisible();
  });

  test("Ctrl+K twice, or held down, opens one palette", async ({ page }) => {
    await page.goto("/logs");
    await page.evaluate(() => {
      for (const repeat of [false, false, true, true]) {
        document.dispatchEvent(new KeyboardEvent("keydown", { key: "k", ctrlKey: true, repeat, bubbles: true, cancelable: true }));
      }
    });
    await expect(page.locator("dialog.palette input[name=q]")).toBeFocused();
    await expect(page.locator("dialog.palette")).toHaveCount(1);
    await page.keyboard.press("Escape");
    await expect(page.getByRole("dialog")).toBeHidden();
  });

  test("single keys search, walk and help, and can be switched off", async ({ page }) => {
    await page.goto("/devices");
    await page.keyboard.press("j");
    const rows = page.locator("main tbody tr");
    await expect(rows.nth(0).locator("a").first()).toBeFocused();
    await page.keyboard.press("ArrowDown");
    await expect(rows.nth(1).locator("a").first()).toBeFocused();
    await page.keyboard.press("k");
    await expect(rows.nth(0).locator("a").first()).toBeFocused();
    await page.keyboard.press("/");
    await expect(page.locator("main input[name=q]")).toBeFocused();
    await page.keyboard.type("?/j");
    await expect(page.locator("main input[name=q]")).toHaveValue(/\?\/j$/);
    await page.locator("main a[href]").first().focus();
    await page.keyboard.press("?");
    await expect(page.getByRole("dialog")).toContainText("在列表里上下移动");
    await page.keyboard.press("Escape");

    await page.goto("/settings/account");
    await page.locator("button[name=keys][value=off]").click();
    // The focus is where it was.
    await expect(page.locator("button[name=keys][value=off]")).toBeFocused();
    await page.goto("/devices");
    await page.keyboard.press("/");
    await expect(page.locator("main input[name=q]")).not.toBeFocused();
    await page.keyboard.press("Control+k");
    await expect(page.getByRole("dialog")).toBeVisible();
    await page.keyboard.press("Escape");
  });

  test("the focus is kept after an action", async ({ page }) => {
    await page.goto("/settings/account");
    const dark = page.locator("main button[name=theme][value=dark]");
    await dark.focus();
    await page.keyboard.press("Enter");
    await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
    await page.goto("/devices?state=registered");
    const filter = page.getByRole("button", { name: "筛选" });
    await filter.focus();
    await page.keyboard.press("Enter");
    await page.waitForLoadState();
    await expect(page.getByRole("button", { name: "筛选" })).toBeFocused();
  });
});
