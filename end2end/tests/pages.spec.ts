// Every page as it looks: accessible in both languages and themes, nothing wider than the screen, copy and hint at work.
import type { Page } from "@playwright/test";
import { type DemoRole, demoLogin, expect, expectAccessible, signIn, test } from "../support.ts";

const PAGES: Record<DemoRole, readonly string[]> = {
  merchant_owner: ["/", "/devices", "/devices?q=nothing-like-it", "/devices?select=1", "/devices/register", "/devices/find?sn=5310294937%0ANOWHERE01", "/apps", "/apps/cn.example.zhanggui.pay", "/logs", "/logs?by=user&actor=nobody", "/settings/registration", "/settings/stores", "/help", "/help/verdict", "/help/apps", "/help/registration", "/help/screen", "/help/no-receipt", "/help/find-sn", "/devices/NOWHERE01", "/no-such-page"],
  platform_admin: ["/", "/terminals", "/terminals?select=1", "/terminals/import", "/devices/register", "/logs", "/merchants", "/merchants?new=1", "/merchants/898292720000001", "/catalogue", "/catalogue/cn.example.zhanggui.pay?authorize=1", "/audit", "/settings/account"],
};

async function expectNothingWiderThan(page: Page, width: number): Promise<void> {
  expect(await page.evaluate(() => document.documentElement.scrollWidth), page.url()).toBeLessThanOrEqual(width);
}

async function firstDevice(page: Page, list: string): Promise<string> {
  await page.goto(list);
  return (await page.getByRole("link", { name: /查看|View/ }).last().getAttribute("href")) ?? "";
}

// Many pages each, on machines that may be slow.
test.setTimeout(300_000);

// What is on a page does not depend on scripts: once is enough.
test.beforeEach(({}, info) => {
  test.skip(info.project.name !== "js", "the same pages without JavaScript");
});

for (const [role, paths] of Object.entries(PAGES)) {
  for (const colorScheme of ["light", "dark"] as const) {
    test(`${role}: every page is accessible in both languages, ${colorScheme}`, async ({ page }) => {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await signIn(page, demoLogin(role as DemoRole));
      const device = await firstDevice(page, role === "merchant_owner" ? "/devices" : "/terminals");
      for (const other of ["English", "中文"]) {
        await page.getByRole("button", { name: other }).click();
        for (const path of [...paths, device]) {
          await page.goto(path);
          await expectAccessible(page);
        }
      }
    });
  }

  test(`${role}: nothing is wider than the screen`, async ({ page }) => {
    await signIn(page, demoLogin(role as DemoRole));
    const device = await firstDevice(page, role === "merchant_owner" ? "/devices" : "/terminals");
    for (const width of [360, 768, 1440]) {
      await page.setViewportSize({ width, height: 800 });
      for (const path of [...paths, device]) {
        await page.goto(path);
        await expectNothingWiderThan(page, width);
      }
    }
  });
}

test("the sign-in page is accessible in both languages and themes", async ({ page }) => {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    for (const other of ["English", "中文"]) {
      await page.goto("/sign-in");
      await page.getByRole("button", { name: other }).click();
      await expectAccessible(page);
    }
  }
});

test("one press copies a serial number", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await signIn(page, demoLogin("merchant_owner"));
  await page.goto("/devices");
  const button = page.locator("[data-copy]").first();
  await button.click();
  await expect(page.getByRole("status").filter({ hasText: "已复制" })).toHaveCount(1);
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(await button.getAttribute("data-copy"));
});

test("a serial number is checked while it is typed", async ({ page }) => {
  await signIn(page, demoLogin("merchant_owner"));
  await page.goto("/devices/register");
  await expect(page.locator("html")).toHaveClass(/js/);
  const field = page.getByLabel("序列号").first();
  await field.pressSequentially("１６１-203-824");
  await expect(page.getByRole("status").filter({ hasText: "161203824" })).toBeVisible();
  await field.pressSequentially("#");
  await expect(page.getByRole("status").filter({ hasText: "#" })).toBeVisible();
});
