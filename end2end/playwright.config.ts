import { defineConfig } from "@playwright/test";
import { use } from "./browser.ts";

// Every flow runs twice: with JavaScript, and without it.
export default defineConfig({
  testDir: "tests",
  globalSetup: "./server.ts",
  outputDir: "../target/end2end/results",
  fullyParallel: false,
  workers: 2,
  forbidOnly: Boolean(process.env["CI"]),
  retries: 0,
  timeout: 60_000,
  reporter: process.env["PLAYWRIGHT_JSON_OUTPUT_FILE"] ? [["list"], ["json"]] : [["list"]],
  use: { ...use, trace: "retain-on-failure", screenshot: "only-on-failure" },
  projects: [
    { name: "js", use: { javaScriptEnabled: true } },
    { name: "nojs", use: { javaScriptEnabled: false } },
  ],
});
