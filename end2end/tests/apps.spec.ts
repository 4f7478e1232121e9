// An app's way: the platform puts it into the catalogue and authorizes it, a terminal reports it, the merchant sees where it is
// and what to do, the platform takes it back. Runs with JavaScript and without; each run has its own app and terminal.
import type { APIRequestContext, Page } from "@playwright/test";
import { demoLogin, expect, signIn, test } from "../support.ts";

const SHENGJING = "898292720000001";
const CODE = /[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{6}/;

function inDays(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
}

async function signInAs(page: Page, role: "platform_admin" | "merchant_owner"): Promise<void> {
  const signOut = page.getByRole("button", { name: "退出登录" });
  if (await signOut.isVisible()) await signOut.click();
  await signIn(page, demoLogin(role));
}

/** Registers one of the merchant's terminals anew and answers its serial number and token. */
async function connect(page: Page, request: APIRequestContext, nth: number): Promise<{ sn: string; token: string }> {
  await page.goto("/devices?state=registered");
  const href = (await page.getByRole("link", { name: /查看/ }).nth(nth).getAttribute("href")) ?? "";
  await page.goto(href);
  await page.getByRole("button", { name: "重新签发激活码" }).click();
  const code = CODE.exec(await page.getByRole("main").innerText())?.[0] ?? "";
  const sn = decodeURIComponent(href.split("/").pop()?.split("?")[0] ?? "");
  const answer = await request.post("/api/v1/terminals/register", { data: { sn, activation_code: code } });
  expect(answer.status()).toBe(201);
  return { sn, token: (await answer.json()).token };
}

test("the platform authorizes an app, a terminal reports it, and the merchant sees it", async ({ page, request }, info) => {
  const project = info.project.name;
  const name = `浏览器测试 ${project}`;
  const app = `com.example.e2e.${project}`;
  const main = page.getByRole("main");

  await signInAs(page, "platform_admin");
  await page.getByRole("link", { name: "应用目录" }).click();
  await page.locator("summary", { hasText: "新增应用" }).click();
  await page.getByLabel("包名", { exact: true }).fill("com");
  await page.getByLabel("中文名称").fill(name);
  await page.getByLabel("英文名称").fill(`Browser test ${project}`);
  await page.getByLabel("发布方").fill("测试");
  await page.getByRole("button", { name: "新增应用" }).click();
  // What was typed wrongly is explained, and the rest is still there.
  await expect(page.getByRole("alert")).toContainText("包名不正确");
  await expect(page.getByLabel("中文名称")).toHaveValue(name);
  await page.getByLabel("包名", { exact: true }).fill(app);
  await page.getByRole("button", { name: "新增应用" }).click();
  await expect(main).toContainText("应用已加入目录");

  await page.locator("summary", { hasText: "发布新版本" }).click();
  await page.getByLabel("版本号").fill("1.2.0");
  await page.getByLabel("版本说明（中文）").first().fill("第一版");
  await page.getByRole("button", { name: "发布", exact: true }).click();
  await expect(main).toContainText("新版本已发布");

  await page.locator("summary", { hasText: "新增授权" }).click();
  await page.getByLabel("名单").fill(`${SHENGJING}\n898000000000000`);
  await page.getByLabel("截止日期").fill(inDays(10));
  await page.getByRole("button", { name: "下一步" }).click();
  await expect(main).toContainText("共 1 项授权");
  await expect(main).toContainText("深圳盛景餐饮");
  await expect(main).toContainText("1 行不能授权");
  await page.getByRole("button", { name: "确认授权" }).click();
  await expect(main).toContainText("授权已生效");

  await signInAs(page, "merchant_owner");
  await page.getByRole("link", { name: "应用管理" }).click();
  const row = page.getByRole("row").filter({ hasText: app });
  await expect(row).toContainText("即将到期");
  await expect(row).toContainText("已安装 0 台");
  const { sn, token } = await connect(page, request, project === "js" ? 0 : 1);
  const put = (data: object) =>
    request.put(`/api/v1/terminals/me/apps/${app}`, { data, headers: { Authorization: `Bearer ${token}` } });
  expect((await put({ state: "failed", version: "1.2.0", error_code: "no_space" })).status()).toBe(200);
  await page.goto(`/devices/${encodeURIComponent(sn)}`);
  // The first of them: the log below names the app as well.
  const here = page.getByRole("row").filter({ hasText: app }).first();
  await expect(here).toContainText("安装失败");
  await here.getByRole("link", { name: "终端存储空间不足" }).click();
  await expect(page).toHaveURL(/\/help\/apps#no_space$/);
  expect((await put({ state: "installed", version: "1.2.0" })).status()).toBe(200);
  await page.goto(`/apps/${app}?state=installed`);
  await expect(page.getByRole("row").filter({ hasText: "版本 1.2.0" })).toHaveCount(1);
  await page.goto(`/logs?sn=${encodeURIComponent(sn)}&kind=app.installed`);
  await expect(page.getByRole("row").filter({ hasText: "应用已安装" }).first()).toBeVisible();

  await signInAs(page, "platform_admin");
  await page.goto(`/catalogue/${app}`);
  await page.getByLabel(/深圳盛景餐饮/).check();
  await page.getByLabel("取消原因").fill("测试结束");
  await page.getByLabel(/确认/).last().check();
  await page.getByRole("button", { name: "取消所选授权" }).click();
  await expect(main).toContainText("授权已取消");
  const refused = await put({ state: "installed", version: "1.2.1" });
  expect(refused.status()).toBe(403);
  expect((await refused.json()).code).toBe("not_authorized");
  await signInAs(page, "merchant_owner");
  await page.goto("/apps");
  await expect(page.getByRole("row").filter({ hasText: app })).toHaveCount(0);
  expect((await page.goto(`/apps/${app}`))?.status()).toBe(404);
});

test("a phone's menu opens the rest of its entries", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await signInAs(page, "merchant_owner");
  const menu = page.getByRole("navigation", { name: "主菜单" });
  await expect(menu.getByRole("link")).toHaveCount(4);
  await menu.getByText("更多").click();
  await menu.getByRole("link", { name: "设备日志" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("设备日志");
});
