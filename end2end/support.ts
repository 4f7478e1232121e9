// What the browser tests share: the server's address, signing in, accessibility.
import AxeBuilder from "@axe-core/playwright";
import { test as base, expect, type Page } from "@playwright/test";

/** Playwright's `test`, with every relative address meaning the server that server.ts started. */
export const test = base.extend({
  baseURL: async ({}, use) => {
    await use(fromSetUp("TILLKEEPER_E2E_URL"));
  },
});

export { expect };

/** The password of every demo account in this run. */
export function demoPassword(): string {
  return fromSetUp("TILLKEEPER_E2E_PASSWORD");
}

/** The accounts that the browser tests sign in as, by role id. */
export type DemoRole = "platform_admin" | "merchant_owner";

/** The first login that `seed-demo` printed for a role: its lines are login, role, password, merchant. */
export function demoLogin(role: DemoRole): string {
  const printed = fromSetUp("TILLKEEPER_E2E_SIGN_INS");
  const login = new RegExp(`^(\\S+)\\s+${role}\\b`, "m").exec(printed)?.[1];
  if (!login) throw new Error(`seed-demo printed no login for ${role}:\n${printed}`);
  return login;
}

function fromSetUp(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: is globalSetup in the configuration?`);
  return value;
}

/** Fills in the sign-in page and waits until it has let the person in. */
export async function signIn(page: Page, login: string, password: string = demoPassword()): Promise<void> {
  await page.goto("/sign-in");
  await page.getByLabel("登录名").fill(login);
  await page.getByLabel("密码", { exact: true }).fill(password);
  await page.getByRole("button", { name: "登录" }).click();
  await expect(page).not.toHaveURL(/\/sign-in/);
}

/** No violation of WCAG 2.2 A and AA that axe can see on the page as it stands. */
export async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"])
    .analyze();
  const found = violations.map(({ id, help, nodes }) => `${id}: ${help}\n${nodes.map((node) => `  ${node.html}`).join("\n")}`);
  expect(found).toEqual([]);
}
