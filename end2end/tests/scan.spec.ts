// The camera reads serial numbers: a fake one, which shows a film with barcodes that the test makes.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "@playwright/test";
import { film } from "../barcode.ts";
import { use } from "../browser.ts";
import { demoLogin, expect, signIn, test } from "../support.ts";

test.beforeEach(({}, info) => {
  test.skip(info.project.name !== "js", "the camera needs a script; without one there is no button");
});

/** Runs a story in a browser whose camera shows a film. Nothing may break in it but what is `meant` to. */
async function withCamera(labels: readonly (string | null)[] | "none", story: (page: Page) => Promise<void>, baseURL: string, meant?: RegExp): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "tillkeeper-camera-"));
  const args = [...(use.launchOptions?.args ?? [])];
  if (typeof labels !== "string") {
    const path = join(folder, "film.y4m");
    writeFileSync(path, film(labels));
    args.push("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", `--use-file-for-fake-video-capture=${path}`);
  }
  let browser: Browser | undefined;
  try {
    browser = await chromium.launch({ ...use.launchOptions, args });
    const page = await browser.newPage({ baseURL, locale: "zh-CN", timezoneId: "Asia/Shanghai" });
    page.setDefaultTimeout(20_000);
    const broken: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error") broken.push(message.text());
    });
    page.on("pageerror", (problem) => broken.push(String(problem)));
    await signIn(page, demoLogin("merchant_owner"));
    await story(page);
    expect(broken.filter((text) => !meant?.test(text))).toEqual([]);
  } finally {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

test("a barcode in front of the camera fills in the serial number", async ({ baseURL }) => {
  const asked: string[] = [];
  await withCamera([null, "PB1403D0782377"], async (page) => {
    page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    await page.goto("/devices/register");
    await page.waitForLoadState("networkidle");
    expect(asked.filter((path) => /scan|zxing/.test(path)), "nothing of it is loaded before it is asked for").toEqual([]);
    await page.locator('[data-scan="sn"]').click();
    const window = page.getByRole("dialog", { name: "扫描序列号" });
    await expect(window).toBeVisible();
    const field = page.getByLabel("序列号").first();
    await expect(field).toHaveValue("PB1403D0782377");
    await expect(window).toBeHidden();
    await expect(field).toBeFocused();
    await expect(page.getByRole("status").filter({ hasText: "PB1403D0782377" })).toBeVisible();
    // The camera is let go.
    expect(await page.evaluate(() => document.querySelector("video")?.srcObject)).toBeNull();
  }, baseURL ?? "");
  expect(asked.some((path) => path.endsWith(".wasm") && path.includes("zxing"))).toBe(true);
});

test("many labels are counted, and one that comes again is told", async ({ baseURL }) => {
  await withCamera(["SCAN0001", null, "SCAN0002", null, null, null], async (page) => {
    await page.goto("/");
    await page.getByText("一次查多台").click();
    const list = page.locator("#sn-list");
    await list.fill("TYPED001");
    await page.locator('[data-scan="sn-list"]').click();
    const window = page.getByRole("dialog");
    await expect(window).toContainText("本次已扫 2 台");
    await expect(window.getByRole("status")).toContainText("已经扫过了");
    await window.getByRole("button", { name: "关闭" }).click();
    const lines = (await list.inputValue()).trim().split("\n");
    expect(lines[0]).toBe("TYPED001");
    expect(lines.slice(1).sort()).toEqual(["SCAN0001", "SCAN0002"]);
  }, baseURL ?? "");
});

test("without a camera a photo is read, and typing goes on", async ({ baseURL }) => {
  await withCamera("none", async (page) => {
    await page.goto("/devices/register");
    await page.locator('[data-scan="sn"]').click();
    const window = page.getByRole("dialog");
    await expect(window.getByRole("status")).toContainText("没有找到摄像头");
    // A photo with nothing on it, then one with a label.
    const photo = window.locator("input[type=file]");
    await photo.setInputFiles({ name: "white.png", mimeType: "image/png", buffer: await drawn(page, null) });
    await expect(window.getByRole("status")).toContainText("没有认出条码");
    await photo.setInputFiles({ name: "label.png", mimeType: "image/png", buffer: await drawn(page, "PHOTO123") });
    await expect(page.getByLabel("序列号").first()).toHaveValue("PHOTO123");
  }, baseURL ?? "");
});

test("a reader of barcodes that cannot be loaded is told as that, and loaded the next time", async ({ baseURL }) => {
  await withCamera("none", async (page) => {
    await page.route("**/zxing_reader.wasm", (route) => route.fulfill({ contentType: "application/wasm", body: "no wasm" }));
    await page.goto("/devices/register");
    await page.locator('[data-scan="sn"]').click();
    const status = page.getByRole("dialog").getByRole("status");
    await expect(status).toContainText("没有找到摄像头");
    const photo = page.getByRole("dialog").locator("input[type=file]");
    const label = { name: "label.png", mimeType: "image/png", buffer: await drawn(page, "PHOTO123") };
    await photo.setInputFiles(label);
    await expect(status).toContainText("识别程序没有下载成功");
    await page.unroute("**/zxing_reader.wasm");
    await photo.setInputFiles(label);
    await expect(page.getByLabel("序列号").first()).toHaveValue("PHOTO123");
  }, baseURL ?? "", /wasm|WebAssembly|ArrayBuffer instantiation/);
});

/** A photo of a label, as PNG. */
async function drawn(page: Page, label: string | null): Promise<Buffer> {
  const { code128 } = await import("../barcode.ts");
  const data = await page.evaluate((modules) => {
    const canvas = document.createElement("canvas");
    canvas.width = 900;
    canvas.height = 400;
    const pen = canvas.getContext("2d")!;
    pen.fillStyle = "white";
    pen.fillRect(0, 0, 900, 400);
    pen.fillStyle = "black";
    modules.forEach((bar, place) => bar && pen.fillRect(60 + place * 4, 100, 4, 200));
    return canvas.toDataURL("image/png").split(",")[1] ?? "";
  }, label ? code128(label) : []);
  return Buffer.from(data, "base64");
}

test("a scanner that types and presses Enter sends each form", async ({ page }) => {
  await signIn(page, demoLogin("merchant_owner"));
  await page.goto("/");
  await page.keyboard.type("NOSUCH0001");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/devices\/NOSUCH0001/);
  await page.goto("/devices/register");
  await page.getByLabel("序列号").first().focus();
  await page.keyboard.type("NOSUCH0002");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert")).toContainText("序列号或激活码不正确");
  await page.goto("/devices");
  await page.keyboard.press("/");
  await page.keyboard.type("NOSUCH0003");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/q=NOSUCH0003/);
});
