/** The console in chromium, for its tests: opened, judged by axe, and on wish drawn. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';

const CHROMIUM = '/usr/bin/chromium';
const ROOT = join(import.meta.dirname, '../..');
export const skip = !existsSync(CHROMIUM)
  ? 'needs chromium'
  : !existsSync(join(ROOT, 'admin-ui/dist/index.html')) && 'the console is not built';
/** Pictures of all screens, to be looked at. */
export const PICTURES = process.env['CONSOLE_PICTURES'];
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

export const HOSTILE = '<img src=x onerror=window.stolen=1>';
export const PASSWORD = 'correct horse battery';

type Violations = {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string;
    readonly nodes: readonly { readonly html: string }[];
  }[];
};

/** @param rule the only one that is looked at: all of them take a second each time */
export async function faultsOf(page: Page, rule?: string): Promise<string[]> {
  const only = rule === undefined ? '' : `{ runOnly: ['${rule}'] }`;
  const { violations } = (await page.evaluate(`axe.run(${only})`)) as Violations;
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
}

interface Watched {
  readonly page: Page;
  /** Of the policy, scripts and assets: there shall be none. */
  readonly complaints: string[];
}

export async function open(browser: Browser, url: string): Promise<Watched> {
  const page = await (await browser.newContext({ viewport: { width: 1360, height: 860 } })).newPage();
  const complaints: string[] = [];
  page.on('pageerror', fault => complaints.push(String(fault)));
  page.on('console', line => {
    if (line.type() === 'error' && !/status of (40[0134]|422)/.test(line.text()))
      complaints.push(line.text());
  });
  await page.goto(url);
  return { page, complaints };
}

export async function picture(page: Page, name: string): Promise<void> {
  if (PICTURES) await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
}

/** Has axe at hand in a page. */
export const loadAxe = (page: Page): Promise<unknown> => page.evaluate(readFileSync(AXE, 'utf8'));

export function startBrowser(): Promise<Browser> {
  if (PICTURES) mkdirSync(PICTURES, { recursive: true });
  return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
}

/** Of the editor: short enough that all its lines are drawn. */
export async function textOf(page: Page): Promise<string> {
  await page.locator('.cm-line').first().waitFor();
  return (await page.locator('.cm-line').allTextContents()).join('\n');
}

export const lineWith = async (page: Page, text: string): Promise<string | undefined> =>
  (await textOf(page)).split('\n').find(line => line.includes(text));

/** Puts a text in the place of the whole. */
export async function write(page: Page, text: string): Promise<void> {
  await page.locator('.cm-content').focus();
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText(text);
}
