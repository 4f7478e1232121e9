// The platform takes a merchant on, its owner sees the registration, the log is opened and taken away. Runs with JavaScript
// and without; both runs share a server, so each has its own merchant number.
import { readFileSync } from "node:fs";
import type { Page } from "@playwright/test";
import { demoLogin, expect, expectAccessible, signIn, test } from "../support.ts";

function ownNumber(project: string): string {
  return project === "js" ? "898290649990001" : "898290649990002";
}

async function saveAs(page: Page, name: string): Promise<Buffer> {
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name }).click()]);
  return readFileSync(await download.path());
}

test.describe.configure({ mode: "serial" });

test("an administrator takes a merchant on, gives it a store, suspends and resumes it", async ({ page }, info) => {
  const number = ownNumber(info.project.name);
  await signIn(page, demoLogin("platform_admin"));
  await page.goto("/merchants");
  await page.getByText("新建商户", { exact: true }).click();
  await page.getByLabel("商户编号").fill(number);
  await page.getByLabel("商户名称").fill("成都锦绣火锅");
  await page.getByLabel("可注册终端数").fill("五");
  await page.getByLabel("联系电话").fill("028-5550 0177");
  await page.getByRole("button", { name: "创建商户" }).click();
  // What was typed is still there, beside what is wrong with it.
  await expect(page.getByRole("alert")).toContainText("可注册终端数不正确");
  await expect(page.getByLabel("联系电话")).toHaveValue("028-5550 0177");
  await page.getByLabel("可注册终端数").fill("5");
  await page.getByRole("button", { name: "创建商户" }).click();
  await expect(page).toHaveURL(new RegExp(`/merchants/${number}$`));
  await expect(page.getByRole("status").first()).toContainText("商户已创建");
  // The checker is a script itself.
  if (info.project.name === "js") await expectAccessible(page);

  await page.getByText("新增门店", { exact: true }).click();
  await page.getByLabel("门店名称").fill("春熙店");
  await page.getByRole("button", { name: "新增", exact: true }).click();
  await expect(page.getByRole("status").first()).toContainText("门店已新增");
  await page.getByRole("link", { name: "修改门店 春熙店" }).click();
  await page.getByLabel("门店名称").fill("春熙路店");
  await page.getByRole("button", { name: "保存", exact: true }).click();
  await expect(page.getByRole("listitem").filter({ hasText: "春熙路店" })).toBeVisible();
  await page.getByRole("button", { name: "关闭门店 春熙路店" }).click();
  await expect(page.getByRole("status").first()).toContainText("已删除");

  await page.getByLabel("停用原因").fill("合同到期");
  await page.getByRole("button", { name: "停用商户" }).click();
  await expect(page.getByRole("main")).toContainText("停用原因：合同到期");
  await page.goto(`/merchants?q=${number}&state=suspended`);
  await expect(page.getByRole("row").filter({ hasText: number })).toContainText("0 / 5");
  await page.getByRole("link", { name: "成都锦绣火锅" }).click();
  await page.getByRole("button", { name: "恢复商户" }).click();
  await expect(page.getByRole("status").first()).toContainText("商户已恢复");
});

test("a merchant reads and prints the own registration", async ({ page }) => {
  await signIn(page, demoLogin("merchant_owner"));
  await page.goto("/settings/registration");
  const main = page.getByRole("main");
  await expect(main).toContainText("898292720000001");
  await expect(main).toContainText("深圳盛景餐饮");
  await expect(main).toContainText("陈国盛");
  await expect(main).toContainText("还可注册");
  // On paper there is no menu and no header.
  await page.emulateMedia({ media: "print" });
  await expect(page.getByRole("navigation", { name: "主菜单" })).toBeHidden();
  await expect(page.locator("header")).toBeHidden();
  await expect(main).toContainText("898292720000001");
  await page.emulateMedia({ media: "screen" });
  expect((await page.pdf({ format: "A4" })).length).toBeGreaterThan(5_000);
});

test("an entry of the log is opened in its place, and the log taken away as it is narrowed", async ({ page }, info) => {
  await signIn(page, demoLogin("merchant_owner"));
  await page.goto("/logs");
  await page.getByLabel("结果").selectOption("failure");
  await page.getByRole("button", { name: "筛选" }).click();
  await expect(page).toHaveURL(/outcome=failure/);
  // The address changes before the rows do: the heading alone is left of what did not fail.
  await expect(page.getByRole("row").filter({ hasNotText: "失败" })).toHaveCount(1);
  await expect(page.getByRole("row").filter({ hasText: "设备注册失败" }).first()).toBeVisible();
  const closed = page.getByRole("link", { name: /^展开/ });
  const count = await closed.count();
  await closed.nth(1).click();
  await expect(page).toHaveURL(/outcome=failure&open=[0-9a-f-]+#e-/);
  await expect(page.getByRole("main")).toContainText("关联编号");
  await expect(closed).toHaveCount(count - 1);
  if (info.project.name === "js") await expectAccessible(page);
  await page.getByRole("link", { name: "收起" }).click();
  await expect(page.getByRole("main")).not.toContainText("关联编号");
  await expect(page).toHaveURL(/outcome=failure#e-/);

  const csv = (await saveAs(page, "导出 CSV")).toString("utf8");
  const rows = csv.trim().split("\n").slice(1);
  for (const row of rows) expect(row).toContain(",failure,");
  // Other stories go on meanwhile: what has failed since is in the file as well.
  expect(rows.length).toBeGreaterThanOrEqual(count);
  await page.reload();
  expect(await closed.count()).toBeGreaterThanOrEqual(rows.length);
  const workbook = await saveAs(page, "导出 Excel");
  expect(workbook.subarray(0, 2).toString()).toBe("PK");
});
