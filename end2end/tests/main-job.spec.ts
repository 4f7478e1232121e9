// The job that the product exists for, as people do it: an administrator imports, a merchant registers, a terminal
// connects, the log tells. Runs with JavaScript and without; both runs share a server, so each has its own serial numbers.
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { APIRequestContext, Locator, Page } from "@playwright/test";
import { demoLogin, expect, signIn, test } from "../support.ts";

const DATA = join(resolve(dirname(fileURLToPath(import.meta.url)), "../.."), "server/tests/data");
const INVENTORY = join(DATA, "inventory.csv");
const SHENGJING = "898292720000001";
const CODE = /[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{6}/;

/** Serial number and name of the rows that the sample gives to 深圳盛景餐饮, the demo's first merchant. */
const rows = readFileSync(INVENTORY, "utf8")
  .split(/\r?\n/)
  .map((line) => line.split(","))
  .filter((cells) => cells[4] === SHENGJING)
  .map((cells) => ({ sn: cells[0] ?? "", name: cells[3] ?? "" }));

/** The row of this run: another one with JavaScript than without. */
function ownRow(project: string): { sn: string; name: string } {
  const row = rows[project === "js" ? 0 : 1];
  if (!row) throw new Error("the sample has no rows for the demo's first merchant");
  return row;
}

function terminalSays(request: APIRequestContext, sn: string, code: string) {
  return request.post("/api/v1/terminals/register", { data: { sn, activation_code: code } });
}

function rowOf(page: Page, text: string): Locator {
  return page.getByRole("row").filter({ hasText: text });
}

async function importFile(page: Page, file: string | { name: string; mimeType: string; buffer: Buffer }): Promise<void> {
  await page.goto("/terminals/import");
  await page.getByLabel("设备清单文件").setInputFiles(file);
  await page.getByRole("button", { name: "上传并检查" }).click();
  await expect(page).toHaveURL(/\/terminals\/import\/[0-9a-f-]+$/);
}

/** Waits for the job: the page asks again by itself, with JavaScript and without. */
async function heading(page: Page, words: string): Promise<void> {
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(words, { timeout: 20_000 });
}

test.describe.configure({ mode: "serial" });

test("an administrator imports the vendor's file", async ({ page }) => {
  await signIn(page, demoLogin("platform_admin"));
  await page.goto("/terminals/import");
  const template = await page.getByRole("link", { name: "下载模板" }).getAttribute("href");
  expect(await (await page.request.get(template ?? "")).text()).toContain("manufacturer");
  await importFile(page, INVENTORY);
  await heading(page, "导入预览");
  await expect(page.getByRole("main")).toContainText("inventory.csv");
  const confirm = page.getByRole("button", { name: /确认导入/ });
  // The other run has brought the same file in before.
  if (await confirm.isVisible()) {
    await confirm.click();
    await heading(page, "导入结果");
    await expect(page.getByRole("main")).toContainText("文件已导入");
  } else {
    await expect(page.getByRole("main")).toContainText("没有可以导入的新内容");
  }
  await expect(page.getByRole("main")).toContainText("240");
});

test("a file with faults says what is wrong on which line, and changes nothing before somebody says so", async ({ page }) => {
  await signIn(page, demoLogin("platform_admin"));
  await importFile(page, join(DATA, "inventory-faulty.csv"));
  await heading(page, "导入预览");
  for (const line of ["5", "7", "10", "14", "16", "18", "20", "24", "32"]) {
    await expect(page.getByRole("row").filter({ has: page.getByRole("cell", { name: line, exact: true }) })).toHaveCount(1);
  }
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "下载有错误的行" }).click();
  const file = readFileSync(await (await download).path(), "utf8");
  expect(file.split("\n")[0]).toContain("导入错误");
  expect(file).toContain("ABC#1234");
  await page.getByRole("button", { name: "取消导入" }).click();
  await heading(page, "导入结果");
  await expect(page.getByRole("main")).toContainText("没有改变任何内容");
});

test("pasted rows without headings are matched, brought in and taken back", async ({ page }, info) => {
  const sn = info.project.name === "js" ? "PASTED0001" : "PASTED0002";
  await signIn(page, demoLogin("platform_admin"));
  await page.goto("/terminals/import");
  await page.getByLabel("粘贴设备清单").fill(`${sn}\t前台`);
  await page.getByRole("button", { name: "检查粘贴的内容" }).click();
  await heading(page, "对应列");
  await expect(page.getByRole("main")).toContainText(sn);
  await page.getByLabel("第 1 列").selectOption("sn");
  await page.getByLabel("第 2 列").selectOption("name");
  await page.getByLabel("全部终端的厂商").fill("PAX");
  await page.getByLabel("全部终端的型号").fill("S90");
  await page.getByRole("button", { name: "按此检查" }).click();
  await heading(page, "导入预览");
  await page.getByRole("button", { name: "确认导入 1 台终端" }).click();
  await heading(page, "导入结果");
  await expect(page.getByRole("main")).toContainText("文件已导入");
  await page.getByRole("button", { name: "撤销这次导入" }).click();
  await expect(page.getByRole("main")).toContainText("这次导入已撤销", { timeout: 20_000 });
});

test("what is no list is refused in words", async ({ page }) => {
  await signIn(page, demoLogin("platform_admin"));
  await importFile(page, { name: "picture.csv", mimeType: "text/csv", buffer: Buffer.from([0x89, 0x50, 0x4e, 0x47, 0xff]) });
  await heading(page, "导入结果");
  await expect(page.getByRole("main")).toContainText("文件编码无法识别");
});

test("a merchant registers a terminal, which then connects, and the log tells", async ({ page, request }, info) => {
  const { sn, name } = ownRow(info.project.name);
  await signIn(page, demoLogin("merchant_owner"));
  await page.getByRole("link", { name: "设备管理" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("设备管理");
  await page.getByLabel("关键词").fill(sn);
  await page.getByRole("button", { name: "筛选" }).click();
  await expect(rowOf(page, sn)).toContainText("未注册");
  await expect(rowOf(page, sn)).toContainText(name);
  await expect(rowOf(page, sn).getByRole("link", { name: /查看/ })).toBeVisible();

  await page.getByRole("link", { name: "终端注册" }).click();
  await page.getByLabel("序列号").first().fill(sn);
  await page.getByRole("button", { name: "注册", exact: true }).click();
  const main = page.getByRole("main");
  await expect(main).toContainText("注册成功");
  const code = CODE.exec(await main.innerText())?.[0] ?? "";
  expect(code).toMatch(CODE);
  // It is shown once.
  await page.reload();
  await expect(main).not.toContainText(code);

  const wrong = await terminalSays(request, sn, "0000-0000-000000");
  expect(wrong.status()).toBe(422);
  expect((await wrong.json()).code).toBe("sn_or_code_wrong");
  const connected = await terminalSays(request, sn, code.toLowerCase());
  expect(connected.status()).toBe(201);
  expect((await connected.json()).merchant.merchant_no).toBe(SHENGJING);

  await page.goto(`/logs?sn=${encodeURIComponent(sn)}`);
  await expect(rowOf(page, "设备注册成功")).toHaveCount(2);
  await expect(rowOf(page, "设备注册失败")).toContainText("序列号或激活码不正确");
  await page.goto(`/devices/${encodeURIComponent(sn)}`);
  await expect(main).toContainText("已注册");
});

test("what was typed wrongly is explained and still there", async ({ page, request }, info) => {
  const nobodys = info.project.name === "js" ? "88880001" : "88880002";
  await signIn(page, demoLogin("merchant_owner"));
  await page.goto("/devices/register");
  const field = page.getByLabel("序列号").first();
  await field.fill("ABC#1234");
  await page.getByRole("button", { name: "注册", exact: true }).click();
  await expect(page.getByRole("alert")).toContainText("#");
  await expect(field).toHaveValue("ABC#1234");
  await field.fill(nobodys);
  await page.getByRole("button", { name: "注册", exact: true }).click();
  await expect(page.getByRole("alert")).toContainText("序列号或激活码不正确");
  await expect(field).toHaveValue(nobodys);

  await page.goto("/");
  await page.getByLabel(/序列号/).first().fill("找不到");
  await page.getByRole("button", { name: "查询" }).click();
  await expect(page.locator("#sn-error")).toContainText("找");
  await expect(page.getByLabel(/序列号/).first()).toHaveValue("找不到");

  // The platform sees the truth about both, and about a terminal that nobody knows.
  expect((await terminalSays(request, `${nobodys}9`, "0000-0000-000000")).status()).toBe(422);
  await page.getByRole("button", { name: "退出登录" }).click();
  await signIn(page, demoLogin("platform_admin"));
  await page.goto(`/logs?sn=${nobodys}`);
  await expect(rowOf(page, "设备注册失败")).toContainText("序列号不在平台清单中");
  await page.goto(`/logs?sn=${nobodys}9`);
  await expect(rowOf(page, "设备注册失败")).toContainText("序列号不在平台清单中");
});

test("an administrator finds a terminal by its serial number and by its name", async ({ page }) => {
  const { sn, name } = rows[3] ?? { sn: "", name: "" };
  await signIn(page, demoLogin("platform_admin"));
  await page.getByRole("link", { name: "终端管理" }).click();
  for (const words of [sn, sn.slice(2, -2), name]) {
    await page.getByLabel("关键词").fill(words);
    await page.getByRole("button", { name: "筛选" }).click();
    await expect(rowOf(page, sn)).toContainText("深圳盛景餐饮");
  }
  await rowOf(page, sn).getByRole("link", { name: /查看/ }).click();
  await expect(page.getByRole("main")).toContainText(name);
});

test("a wrong password is refused and the login kept; a page asked for is reached after signing in", async ({ page }) => {
  await page.goto("/logs?outcome=failure");
  await expect(page).toHaveURL(/\/sign-in/);
  await page.getByLabel("登录名").fill(demoLogin("merchant_owner"));
  await page.getByLabel("密码", { exact: true }).fill("not the password");
  await page.getByRole("button", { name: "登录" }).click();
  await expect(page.getByRole("alert")).toBeVisible();
  await expect(page.getByLabel("登录名")).toHaveValue(demoLogin("merchant_owner"));
  await expect(page.getByLabel("密码", { exact: true })).toHaveValue("");
  await signIn(page, demoLogin("merchant_owner"));
});

test("one click switches the language and it stays", async ({ page }) => {
  await signIn(page, demoLogin("merchant_owner"));
  await page.goto("/devices?state=registered");
  await page.getByRole("button", { name: "English" }).click();
  await expect(page).toHaveURL(/\/devices\?state=registered$/);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Devices");
  await expect(page.locator("html")).toHaveAttribute("lang", "en");
  await page.goto("/logs");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Device log");
  await page.getByRole("button", { name: "中文" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("设备日志");
});
