// Starts Tillkeeper for the browser tests: an own data folder with demo data, a free port, ended by its own process.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort } from "./port.ts";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const PROGRAM = process.env["TILLKEEPER_PROGRAM"] ?? join(ROOT, "target", "debug", "tillkeeper");
const OUTPUT = join(ROOT, "target", "end2end");
const START_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 10_000;

async function waitUntilReady(url: string, server: ChildProcess): Promise<void> {
  const end = Date.now() + START_LIMIT_MS;
  while (Date.now() < end) {
    if (server.exitCode !== null) throw new Error(`tillkeeper serve ended with ${server.exitCode}; see target/end2end/server.log`);
    try {
      if ((await fetch(`${url}/readyz`)).ok) return;
    } catch {
      // Not listening yet.
    }
    await sleep(100);
  }
  throw new Error(`tillkeeper serve was not ready after ${START_LIMIT_MS / 1000} s; see target/end2end/server.log`);
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = new Promise((done) => server.once("exit", done));
  server.kill("SIGTERM");
  const inTime = await Promise.race([ended.then(() => true), sleep(STOP_LIMIT_MS, false, { ref: false })]);
  if (!inTime) {
    server.kill("SIGKILL");
    await ended;
  }
}

/** Playwright calls this once before all tests; what it returns is called once after them. */
export default async function setUp(): Promise<() => Promise<void>> {
  if (!existsSync(PROGRAM)) throw new Error("tillkeeper is not built: run 'cargo build -p server', or 'make test'.");
  mkdirSync(OUTPUT, { recursive: true });
  const data = mkdtempSync(join(tmpdir(), "tillkeeper-end2end-"));
  let server: ChildProcess | undefined;
  const tearDown = async () => {
    if (server) await stop(server);
    rmSync(data, { recursive: true, force: true });
  };
  try {
    const password = randomBytes(12).toString("hex");
    const passwordFile = join(data, "password");
    writeFileSync(passwordFile, password, { mode: 0o600 });

    const listen = `127.0.0.1:${await freePort()}`;
    const url = `http://${listen}`;
    // The settings of whoever runs the tests must not leak into them.
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("TILLKEEPER_"));
    const env = {
      ...Object.fromEntries(inherited),
      TILLKEEPER_DATA_DIR: data,
      TILLKEEPER_LISTEN: listen,
      TILLKEEPER_PUBLIC_URL: url,
      TILLKEEPER_REQUIRE_SECOND_FACTOR: "false",
      TILLKEEPER_SITE_DIR: join(ROOT, "target", "site"),
    };
    const options = { cwd: data, env };

    const printed = execFileSync(PROGRAM, ["seed-demo", "--password-file", passwordFile], { ...options, encoding: "utf8" });
    writeFileSync(join(OUTPUT, "seed-demo.txt"), printed);
    const log = openSync(join(OUTPUT, "server.log"), "w");
    server = spawn(PROGRAM, ["serve"], { ...options, stdio: ["ignore", log, log] });
    await waitUntilReady(url, server);

    process.env["TILLKEEPER_E2E_URL"] = url;
    process.env["TILLKEEPER_E2E_PASSWORD"] = password;
    process.env["TILLKEEPER_E2E_SIGN_INS"] = printed;
    return tearDown;
  } catch (problem) {
    await tearDown();
    throw problem;
  }
}
