import { defineConfig } from "@playwright/test";

// `make lighthouse`: not among the tests, for its figures are those of the machine it runs on.
export default defineConfig({
  testDir: ".",
  testMatch: "lighthouse.ts",
  globalSetup: "./server.ts",
  outputDir: "../target/end2end/results",
  workers: 1,
  timeout: 600_000,
  reporter: [["list"]],
});
