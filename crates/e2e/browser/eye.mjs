// A browser whose every look is photographed, held against axe-core and to the width of a phone.
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
/// Most octets of a page. A page is there before its data is.
const MOST = 100 * 1024;

export const must = (so, what) => { if (!so) throw new Error(what); };

/// Opens a browser for pages of that origin. `prefix` tells its screenshots from those of others in the folder.
export async function open(origin, folder, prefix) {
  mkdirSync(folder, { recursive: true });
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync'],
  });
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, acceptDownloads: true });
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  const faults = [];
  const wrong = (what) => { faults.push(what); console.error(`WRONG: ${what}`); };
  // Pages whose answers are meant to be refusals: the browser says so on its console.
  const refusals = new Set();
  page.on('pageerror', (error) => wrong(`${page.url()}: script: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' && !refusals.has(page.url())) wrong(`${page.url()}: console: ${message.text()}`);
  });
  // Forms with data-confirm ask first.
  page.on('dialog', (dialog) => dialog.accept());

  let number = 0;
  const file = (name) => join(folder, `${prefix}-${String(number).padStart(2, '0')}-${name}.png`);

  async function look(name, { phone = true } = {}) {
    number += 1;
    await page.screenshot({ path: file(name), fullPage: true });
    await page.evaluate(axe);
    const told = await page.evaluate((rules) => globalThis.axe.run(document, { runOnly: rules }), RULES);
    for (const { id, impact, help, nodes } of told.violations) {
      const where = nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(' | ');
      const line = `${page.url()}: axe ${impact} ${id}: ${help}: ${where}`;
      if (['serious', 'critical'].includes(impact)) wrong(line); else console.error(line);
    }
    if (!phone) return;
    await page.setViewportSize({ width: 375, height: 800 });
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (over > 1) wrong(`${page.url()}: ${over} px wider than a phone`);
    await page.screenshot({ path: file(`${name}-phone`) });
    await page.setViewportSize({ width: 1280, height: 900 });
  }

  async function visit(path, name, options) {
    const answer = await page.goto(origin + path);
    must(answer.ok(), `${path} answered ${answer.status()}`);
    const octets = (await answer.body()).length;
    if (octets > MOST && !options?.large) wrong(`${path} has ${octets} octets`);
    await look(name, options);
  }

  /// Does each step; what fails is told, the next is tried all the same.
  async function run(steps) {
    for (const [name, step] of Object.entries(steps)) {
      try {
        await step();
        console.log(`ok: ${name}`);
      } catch (error) {
        wrong(`${name}: ${error.message.split('\n').slice(0, 4).join(' / ')} (at ${page.url()})`);
        await page.screenshot({ path: file('failed'), fullPage: true }).catch(() => {});
      }
    }
    await browser.close();
    console.log(`${number} looks, ${faults.length} faults`);
    process.exit(faults.length === 0 ? 0 : 1);
  }

  const text = async (selector = 'main') => (await page.textContent(selector)) ?? '';
  return { browser, context, page, refusals, look, visit, run, text };
}
