// What was refused or is not there has a page: what happened, what to do, a way back, and a text for support with the
// request's id.
import type { Page, Response } from "@playwright/test";
import { demoLogin, expect, expectAccessible, signIn, test } from "../support.ts";

/** The page of an error says all that somebody in trouble needs, and is accessible. */
async function expectHelp(page: Page, answer: Response | null, status: number, title: string): Promise<void> {
  expect(answer?.status()).toBe(status);
  const main = page.getByRole("main");
  await expect(main).toContainText(title);
  await main.locator("summary", { hasText: "给客服的信息" }).click();
  const support = main.getByTestId("support");
  await expect(support).toBeVisible();
  await expect(support).toContainText((await answer?.headerValue("x-request-id")) ?? "no id");
  // The checker is a script itself.
  if (test.info().project.name === "js") await expectAccessible(page);
}

/** Sends a form from a page and waits for what comes of it. */
async function send(page: Page, action: string, fields: Record<string, string>): Promise<Response | null> {
  const form = Object.entries(fields).map(([name, value]) => `<input type="hidden" name="${name}" value="${value}">`);
  await page.setContent(`<form method="post" action="${action}">${form.join("")}<button>send</button></form>`);
  const answered = page.waitForEvent("response", (response) => response.request().isNavigationRequest() && response.status() !== 303);
  await page.getByRole("button", { name: "send" }).click();
  const answer = await answered;
  await page.waitForLoadState();
  return answer;
}

test("what is not there, refused or too large has a page", async ({ page, baseURL }) => {
  await signIn(page, demoLogin("merchant_owner"));
  await expectHelp(page, await page.goto("/no-such-page"), 404, "找不到这个页面");
  const to = new URL("/actions/register", baseURL).href;
  // From a page of this site, and from one that is nobody's.
  await page.goto("/");
  await expectHelp(page, await send(page, to, { sn: "x".repeat(300 * 1024) }), 413, "提交的内容太大");
  await expect(page.getByRole("main").getByRole("link", { name: "重试" })).toHaveCount(0);
  await page.goto("about:blank");
  await expectHelp(page, await send(page, to, { sn: "A1" }), 403, "这次提交没有被接受");
  await page.getByRole("main").getByRole("link", { name: "返回首页" }).click();
  await expect(page).toHaveURL(new URL("/", baseURL).href);
});

test("too many attempts have a page with when to try again", async ({ page }, info) => {
  test.skip(info.project.name !== "js", "the attempts of an account are counted together");
  await signIn(page, demoLogin("merchant_owner"));
  const sn = "TOOMANY001";
  for (let attempts = 0; attempts < 10; attempts++) {
    await page.request.post("/actions/register", { form: { sn, code: "0000-0000-000000" } });
  }
  await page.goto("/devices/register");
  await page.getByLabel("序列号").first().fill(sn);
  const answered = page.waitForResponse((response) => response.status() === 429);
  await page.getByRole("button", { name: "注册", exact: true }).first().click();
  const answer = await answered;
  await page.waitForLoadState();
  expect(Number(await answer.headerValue("retry-after"))).toBeGreaterThan(0);
  const alert = page.getByRole("alert");
  await expect(alert).toContainText("尝试次数过多");
  await alert.locator("summary", { hasText: "给客服的信息" }).click();
  await expect(alert.getByTestId("support")).toContainText(/[0-9a-f-]{16,}/);
  await expectAccessible(page);
  // What was typed is still there, and so is the way elsewhere.
  await expect(page.getByLabel("序列号").first()).toHaveValue(sn);
  await page.getByRole("link", { name: "首页" }).first().click();
  await expect(page).toHaveURL(/\/$/);
});
