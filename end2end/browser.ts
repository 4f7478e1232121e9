// Which browser to drive: TILLKEEPER_CHROMIUM, or the first Chromium or Chrome that is installed.
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { PlaywrightTestOptions, PlaywrightWorkerOptions } from "@playwright/test";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const APPLICATIONS = [
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

function findBrowser(): string {
  const chosen = process.env["TILLKEEPER_CHROMIUM"];
  if (chosen) return chosen;
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter(Boolean);
  const candidates = [...NAMES.flatMap((name) => folders.map((folder) => join(folder, name))), ...APPLICATIONS];
  const found = candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  if (!found) throw new Error("No Chromium or Chrome on PATH: install one, or name it in TILLKEEPER_CHROMIUM.");
  return found;
}

/** What every page of every project is opened with. */
export const use: Partial<PlaywrightTestOptions & PlaywrightWorkerOptions> = {
  browserName: "chromium",
  launchOptions: {
    executablePath: findBrowser(),
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"],
  },
  locale: "zh-CN",
  timezoneId: "Asia/Shanghai",
  colorScheme: "light",
  actionTimeout: 10_000,
  navigationTimeout: 20_000,
};
