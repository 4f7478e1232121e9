// Lighthouse on a phone's screen and network, for the pages that people see most. Fails below the bars.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "@playwright/test";
import lighthouse from "lighthouse";
import { use } from "./browser.ts";
import { freePort } from "./port.ts";
import { demoLogin, expect, signIn, test } from "./support.ts";

const OUTPUT = join(resolve(dirname(fileURLToPath(import.meta.url)), ".."), "target", "end2end");
const BARS = { performance: 95, accessibility: 100, "best-practices": 100 } as const;
const RUNS = 3;

test("the pages that people see most", async ({ baseURL }) => {
  const port = await freePort();
  const profile = mkdtempSync(join(tmpdir(), "tillkeeper-lighthouse-"));
  const args = [...(use.launchOptions?.args ?? []), `--remote-debugging-port=${port}`];
  const browser = await chromium.launchPersistentContext(profile, { ...use.launchOptions, args, baseURL: baseURL ?? "", locale: "zh-CN" });
  const rows: string[] = [];
  const below: string[] = [];
  try {
    const page = browser.pages()[0] ?? (await browser.newPage());
    const measure = async (name: string, path: string) => {
      const scores: Record<string, number[]> = {};
      for (let run = 0; run < RUNS; run++) {
        const result = await lighthouse(
          new URL(path, baseURL).href,
          { port, output: "html", logLevel: "error", disableStorageReset: true, onlyCategories: Object.keys(BARS) },
        );
        if (!result) throw new Error(`lighthouse said nothing about ${path}`);
        if (result.lhr.runtimeError) throw new Error(result.lhr.runtimeError.message);
        writeFileSync(join(OUTPUT, `lighthouse-${name}.html`), String(result.report));
        for (const category of Object.keys(BARS)) (scores[category] ??= []).push(Math.round((result.lhr.categories[category]?.score ?? 0) * 100));
      }
      for (const [category, bar] of Object.entries(BARS)) {
        const sorted = (scores[category] ?? []).sort((a, b) => a - b);
        const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
        rows.push(`${name.padEnd(10)} ${category.padEnd(15)} ${String(median).padStart(3)} (${sorted.join(", ")})`);
        if (median < bar) below.push(`${name}: ${category} ${median}, less than ${bar}`);
      }
    };
    await measure("sign-in", "/sign-in");
    await signIn(page, demoLogin("merchant_owner"));
    await page.goto("/devices?state=registered");
    const device = await page.getByRole("link", { name: /查看/ }).first().getAttribute("href");
    await measure("home", "/");
    await measure("devices", "/devices");
    await measure("view", device ?? "/");
    await measure("log", "/logs");
  } finally {
    await browser.close();
    rmSync(profile, { recursive: true, force: true });
    console.log(rows.join("\n"));
  }
  expect(below).toEqual([]);
});
