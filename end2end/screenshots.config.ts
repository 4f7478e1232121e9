import { defineConfig } from "@playwright/test";
import { use } from "./browser.ts";

// `make screenshots`: not tests, but pictures for the README from the same demo server.
export default defineConfig({
  testDir: ".",
  testMatch: "screenshots.ts",
  globalSetup: "./server.ts",
  outputDir: "../target/end2end/results",
  workers: 1,
  reporter: [["list"]],
  use: { ...use, viewport: { width: 1280, height: 800 }, deviceScaleFactor: 1 },
});
