// Every page as it is: accessible in both languages and every theme, valid HTML, nothing wider than the screen, light enough
// for a weak network; copy and hint at work.
import type { Page } from "@playwright/test";
import { faultsOf } from "../html.ts";
import { type DemoRole, demoLogin, expect, expectAccessible, signIn, test } from "../support.ts";
import { type Weight, weigh, weightTable } from "../weight.ts";

const PAGES: Record<DemoRole, readonly string[]> = {
  merchant_owner: ["/", "/devices", "/devices?q=nothing-like-it", "/devices?select=1", "/devices/register", "/devices/find?sn=5310294937%0ANOWHERE01", "/apps", "/apps/cn.example.zhanggui.pay", "/logs", "/logs?by=user&actor=nobody", "/settings/registration", "/settings/stores", "/help", "/help/verdict", "/help/apps", "/help/registration", "/help/screen", "/help/no-receipt", "/help/find-sn", "/help/works", "/help/first-use", "/devices/NOWHERE01", "/no-such-page", "/palette?q=8", "/settings/account", "/settings/security", "/settings/staff"],
  platform_admin: ["/", "/terminals", "/terminals?select=1", "/terminals/import", "/devices/register", "/logs", "/merchants", "/merchants?new=1", "/merchants/898292720000001", "/catalogue", "/catalogue/cn.example.zhanggui.pay?authorize=1", "/audit", "/users", "/users?new=1", "/users/admin", "/settings/account", "/palette"],
};

/** Most bytes of a page's first load, 80 KB: HTML, style sheet, scripts and wasm as they cross the network, with headers. */
const MOST_BYTES = 80 * 1024;

/** What is wider than the screen, if anything is. */
async function tooWide(page: Page, width: number): Promise<string[]> {
  return page.evaluate((width) => {
    if (document.documentElement.scrollWidth <= width) return [];
    const all = [...document.querySelectorAll("body *")].filter((element) => element.getBoundingClientRect().right > width + 1);
    return all.slice(0, 5).map((element) => `${location.pathname} at ${width}: ${element.outerHTML.slice(0, 160)}`);
  }, width);
}

async function firstDevice(page: Page, list: string): Promise<string> {
  await page.goto(list);
  return (await page.getByRole("link", { name: /查看|View/ }).last().getAttribute("href")) ?? "";
}

/** Where a form leads. */
async function sent(page: Page, action: string, fields: Parameters<Page["request"]["post"]>[1]): Promise<string> {
  const answer = await page.request.post(action, fields);
  expect(answer.ok(), action).toBe(true);
  return new URL(answer.url()).pathname;
}

/** Every page of somebody who has just signed in, with a terminal's and those that a form makes. */
async function everyPath(page: Page, role: DemoRole): Promise<string[]> {
  const list = role === "merchant_owner" ? "/devices" : "/terminals";
  const device = await firstDevice(page, list);
  const batch = await sent(page, "/actions/choose", { form: { which: "all", list, query: "state=registered" } });
  expect(batch).toMatch(/^\/batches\//);
  if (role === "merchant_owner") return [...PAGES[role], device, batch];
  const file = { name: "faulty.csv", mimeType: "text/csv", buffer: Buffer.from("sn,manufacturer,model\n#1,PAX,S90\n") };
  const report = await sent(page, "/actions/import", { multipart: { file } });
  expect(report).toMatch(/^\/terminals\/import\//);
  const grants = { package: "cn.example.zhanggui.pay", kind: "merchants", list: "898292720000001\n898000000000000" };
  const preview = await sent(page, "/actions/app-authorize", { form: grants });
  expect(preview).toMatch(/^\/catalogue\/cn\.example\.zhanggui\.pay\/authorize\//);
  return [...PAGES[role], device, batch, report, preview];
}

// Many pages each, on machines that may be slow.
test.setTimeout(600_000);

// What is on a page does not depend on scripts: once is enough.
test.beforeEach(({}, info) => {
  test.skip(info.project.name !== "js", "the same pages without JavaScript");
});

for (const role of Object.keys(PAGES) as DemoRole[]) {
  for (const [language, other] of [["en", "English"], ["zh", "中文"]] as const) {
    test(`${role}: every page is accessible in every theme and fits, ${language}`, async ({ page }) => {
      await page.emulateMedia({ reducedMotion: "reduce" });
      await signIn(page, demoLogin(role));
      const paths = await everyPath(page, role);
      await page.goto("/");
      if (language === "en") await page.getByRole("button", { name: other }).click();
      for (const path of paths) {
        await page.goto(path);
        expect(await faultsOf(await (await page.request.get(path)).text()), `HTML of ${path}`).toEqual([]);
        for (const theme of ["light", "dark"] as const) {
          await page.emulateMedia({ colorScheme: theme });
          // Painted once in the other colours.
          await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
          await expectAccessible(page);
        }
        for (const width of [360, 768, 1440]) {
          await page.setViewportSize({ width, height: 800 });
          expect(await tooWide(page, width)).toEqual([]);
        }
        await page.emulateMedia({ colorScheme: "light" });
      }
    });
  }

  test(`${role}: high contrast and large type hold on every page`, async ({ page }) => {
    await signIn(page, demoLogin(role));
    const paths = await everyPath(page, role);
    await page.goto("/settings/account");
    await page.locator("main button[name=theme][value=contrast]").click();
    await page.locator("main button[name=text][value=large]").click();
    for (const path of paths) {
      await page.goto(path);
      await expectAccessible(page);
      for (const width of [360, 768, 1440]) {
        await page.setViewportSize({ width, height: 800 });
        expect(await tooWide(page, width)).toEqual([]);
      }
    }
  });
}

test("the pages before signing in are accessible in both languages and themes", async ({ page }) => {
  await signIn(page, demoLogin("merchant_owner"));
  await page.goto("/settings/staff");
  await page.locator("form[action='/actions/staff-invite'] input[name=name]").fill("浏览器测试");
  await page.locator("form[action='/actions/staff-invite'] button").click();
  const invitation = new URL((await page.getByTestId("one-time-link").innerText()).trim()).pathname;
  expect(invitation).toMatch(/^\/welcome\//);
  await page.context().clearCookies();
  for (const path of ["/sign-in", "/sign-in/code", invitation]) {
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      for (const [other, lang] of [["English", "en"], ["中文", "zh-CN"]] as const) {
        await page.goto(path);
        await page.getByRole("button", { name: other }).click();
        await expect(page.locator("html")).toHaveAttribute("lang", lang);
        expect(new URL(page.url()).pathname).toBe(path);
        await expectAccessible(page);
        for (const width of [360, 1280]) {
          await page.setViewportSize({ width, height: 800 });
          expect(await tooWide(page, width)).toEqual([]);
        }
      }
    }
    expect(await faultsOf(await (await page.request.get(path)).text()), path).toEqual([]);
  }
});

test("the first load of every page is light", async ({ browser, page, baseURL }) => {
  const weights: Weight[] = [await weigh(browser, baseURL ?? "", "/sign-in", [])];
  for (const role of Object.keys(PAGES) as DemoRole[]) {
    await page.context().clearCookies();
    await signIn(page, demoLogin(role));
    const paths = await everyPath(page, role);
    const cookies = await page.context().cookies();
    for (const path of paths) weights.push(await weigh(browser, baseURL ?? "", path, cookies));
  }
  console.log(weightTable(weights));
  expect(weights.filter(({ bytes }) => bytes > MOST_BYTES)).toEqual([]);
  // The table would look well too if nothing had been measured.
  expect(Math.min(...weights.map(({ bytes }) => bytes))).toBeGreaterThan(20_000);
});

test("a phone's first screen has the list, and its filters behind one press", async ({ page }) => {
  for (const [role, path] of [["merchant_owner", "/devices"], ["platform_admin", "/terminals"]] as const) {
    await page.context().clearCookies();
    await signIn(page, demoLogin(role));
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.goto(path);
    const state = page.getByRole("combobox", { name: "状态", exact: true });
    const fold = page.locator("summary", { hasText: "条件和排序" });
    await expect(state).toBeVisible();
    await expect(fold).toBeHidden();
    await page.setViewportSize({ width: 390, height: 844 });
    await expect(state).toBeHidden();
    const first = await page.locator("main tbody tr").first().boundingBox();
    expect(first?.y ?? Infinity, path).toBeLessThan(700);
    await fold.click();
    await state.selectOption("registered");
    await page.getByRole("button", { name: "筛选", exact: true }).click();
    await expect(page).toHaveURL(/state=registered/);
    await expect(fold).toContainText("1");
  }
});

test("what is printed has no navigation, and a device is on A4 with its facts", async ({ page }) => {
  await signIn(page, demoLogin("merchant_owner"));
  const device = await firstDevice(page, "/devices?state=registered");
  await page.emulateMedia({ media: "print" });
  for (const path of [device, "/devices", "/logs"]) {
    await page.goto(path);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    for (const gone of ["nav", ".navbar", "main .btn", ".skip-link"]) {
      for (const element of await page.locator(gone).all()) await expect(element, `${gone} on ${path}`).toBeHidden();
    }
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width, path).toBeLessThanOrEqual(1280);
  }
  const pdf = await page.pdf({ preferCSSPageSize: true });
  expect(pdf.subarray(0, 5).toString()).toBe("%PDF-");
  expect(/MediaBox\s*\[\s*0 0 59[45][.\d]* 84[12]/.test(pdf.toString("latin1")), "A4").toBe(true);
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
