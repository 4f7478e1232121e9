// The list of terminals as its reader wants it: views under a name, columns and spacing, files, many ticked by keyboard.
// Runs with JavaScript and without; both runs share a server, so each has its own view and its own reader of the layout.
import { readFileSync } from "node:fs";
import type { Page } from "@playwright/test";
import { demoLogin, expect, expectAccessible, signIn, test } from "../support.ts";

async function said(page: Page, words: string): Promise<void> {
  await expect(page.getByRole("status").filter({ hasText: words })).toBeVisible();
}

test("a view is saved, opened with its count, renamed and deleted", async ({ page }, info) => {
  const name = `待注册 ${info.project.name}`;
  await signIn(page, demoLogin("merchant_owner"));
  await page.goto("/devices");
  await page.getByRole("combobox", { name: "状态", exact: true }).selectOption("unregistered");
  await page.getByRole("combobox", { name: "排序" }).selectOption("-name");
  await page.getByRole("button", { name: "筛选" }).click();
  const count = /共 ([\d,]+) 台/.exec((await page.getByRole("status").filter({ hasText: "共" }).textContent()) ?? "")?.[1];
  await page.getByText("保存与管理视图").click();
  await page.getByLabel("视图名称").fill("=1+1");
  await page.getByRole("button", { name: "保存现在的条件" }).click();
  // What was typed is still there, beside what is wrong with it.
  await expect(page.getByRole("alert")).toContainText("名称不能用");
  await expect(page.getByLabel("视图名称")).toHaveValue("=1+1");
  await page.getByLabel("视图名称").fill(name);
  await page.getByRole("button", { name: "保存现在的条件" }).click();
  await said(page, "视图已保存");
  await expect(page).toHaveURL(/\/devices\?state=unregistered&sort=-name$/);

  await page.goto("/devices");
  const view = page.getByRole("navigation", { name: "我的视图" }).getByRole("link", { name });
  await expect(view).toContainText(count ?? "?");
  if (info.project.name === "js") await expectAccessible(page);
  await view.click();
  await expect(page).toHaveURL(/state=unregistered&sort=-name$/);
  await expect(view).toHaveAttribute("aria-current", "true");

  await page.getByText("保存与管理视图").click();
  await page.getByLabel(`视图 ${name} 的新名称`).fill(`${name} 二`);
  await page.getByRole("button", { name: `给视图 ${name} 改名` }).click();
  await said(page, "视图已改名");
  await page.getByText("保存与管理视图").click();
  if (info.project.name === "js") await expectAccessible(page);
  await page.getByRole("button", { name: `删除视图 ${name} 二` }).click();
  await said(page, "视图已删除");
  await expect(page.getByRole("link", { name: `${name} 二` })).toHaveCount(0);
});

test("columns and spacing stay as they were chosen", async ({ page }, info) => {
  const js = info.project.name === "js";
  const list = js ? "/devices" : "/terminals";
  const lay = async (shown: boolean, density: string) => {
    await page.goto(list);
    await page.getByText("列与行距").click();
    await page.getByLabel("型号").last().setChecked(shown);
    await page.getByLabel(density).check();
    if (js) await expectAccessible(page);
    await page.getByRole("button", { name: "保存显示方式" }).click();
    await said(page, "列表显示已保存");
  };
  await signIn(page, demoLogin(js ? "merchant_owner" : "platform_admin"));
  await page.goto(list);
  await expect(page.getByRole("columnheader", { name: "型号" })).toBeVisible();
  await lay(false, "紧凑");
  await expect(page.getByRole("columnheader", { name: "型号" })).toHaveCount(0);
  await expect(page.getByRole("table")).toHaveClass(/table-xs/);
  // As it was chosen from the first byte on: no script changes it.
  await page.goto(`${list}?sort=-sn`);
  await expect(page.getByRole("columnheader", { name: "型号" })).toHaveCount(0);
  await lay(true, "标准");
  await expect(page.getByRole("columnheader", { name: "型号" })).toBeVisible();
});

test("the list is taken away as it is narrowed", async ({ page }) => {
  await signIn(page, demoLogin("merchant_owner"));
  await page.goto("/devices?state=unregistered&sort=-sn");
  const saveAs = async (name: string) => {
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name }).click()]);
    return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
  };
  const csv = await saveAs("导出 CSV");
  expect(csv.name).toBe("terminals.csv");
  const lines = csv.bytes.toString("utf8").trim().split("\n");
  const first = (await page.locator("[data-copy]").first().getAttribute("data-copy")) ?? "?";
  expect(lines[1]?.split(",")[0]?.replaceAll(/[^A-Z0-9]/g, "")).toBe(first.replaceAll(/[^A-Z0-9]/g, ""));
  expect(lines.slice(1).every((line) => line.includes("awaiting"))).toBe(true);
  const workbook = await saveAs("导出 Excel");
  expect(workbook.name).toBe("terminals.xlsx");
  expect(workbook.bytes.subarray(0, 2).toString()).toBe("PK");
});

test("rows are ticked by keyboard and by pressing them", async ({ page }, info) => {
  test.skip(info.project.name !== "js", "without JavaScript the boxes are plain ones");
  await signIn(page, demoLogin("merchant_owner"));
  await page.goto("/devices?select=1");
  await page.locator("html.js").waitFor();
  const boxes = page.getByRole("checkbox");
  const ticked = page.getByRole("checkbox", { checked: true });
  await boxes.nth(0).focus();
  await page.keyboard.press("Space");
  await page.keyboard.press("Shift+ArrowDown");
  await page.keyboard.press("Shift+ArrowDown");
  await page.keyboard.press("ArrowDown");
  await expect(boxes.nth(3)).toBeFocused();
  await expect(ticked).toHaveCount(3);
  await said(page, "已选 3 台");
  await boxes.nth(6).click({ modifiers: ["Shift"] });
  await expect(ticked).toHaveCount(7);
  await page.getByRole("row").nth(1).getByRole("cell").nth(3).click();
  await expect(ticked).toHaveCount(6);
  await said(page, "已选 6 台");
  await page.getByRole("button", { name: "下一步" }).click();
  await expect(page.getByRole("main")).toContainText("已选 6 台终端");
});
