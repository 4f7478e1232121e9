// What the first load of a page costs on the network, as Chromium counts it with nothing in its cache.
import type { Browser, Cookie } from "@playwright/test";

export interface Weight {
  path: string;
  /** Bytes of bodies and headers, compressed as they came. */
  bytes: number;
  byType: Record<string, number>;
}

/** Opens a page in a browser without a cache. */
export async function weigh(browser: Browser, baseURL: string, path: string, cookies: Cookie[]): Promise<Weight> {
  const context = await browser.newContext({ baseURL, locale: "zh-CN" });
  try {
    await context.addCookies(cookies);
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    await session.send("Network.enable");
    await session.send("Network.setCacheDisabled", { cacheDisabled: true });
    const types = new Map<string, string>();
    const byType: Record<string, number> = {};
    session.on("Network.responseReceived", ({ requestId, type, response }) => {
      types.set(requestId, response.mimeType === "application/wasm" ? "WebAssembly" : type);
    });
    session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
      const type = types.get(requestId) ?? "Other";
      byType[type] = (byType[type] ?? 0) + encodedDataLength;
    });
    await page.goto(path, { waitUntil: "networkidle" });
    return { path, bytes: Object.values(byType).reduce((sum, bytes) => sum + bytes, 0), byType };
  } finally {
    await context.close();
  }
}

/** The weights as a table, the heaviest page first. */
export function weightTable(weights: readonly Weight[]): string {
  const types = [...new Set(weights.flatMap(({ byType }) => Object.keys(byType)))].sort();
  const rows = [...weights]
    .sort((one, other) => other.bytes - one.bytes)
    .map(({ path, bytes, byType }) => [path, bytes, ...types.map((type) => byType[type] ?? 0)]);
  const table = [["page", "bytes", ...types], ...rows].map((row) => row.map(String));
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  return table.map((row) => row.map((cell, column) => (column ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[0] ?? 0))).join("  ")).join("\n");
}
