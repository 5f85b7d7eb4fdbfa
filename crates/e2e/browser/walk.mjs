// The dashboard as a person walks through it, in a real browser. Every page is photographed, looked at by axe-core, and held
// to the width of a phone. Usage: node walk.mjs <sign-in link> <folder for screenshots>
import { readFileSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const [link, folder] = process.argv.slice(2);
const origin = new URL(link).origin;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
mkdirSync(folder, { recursive: true });

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});
const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, acceptDownloads: true });
context.setDefaultTimeout(20_000);
const page = await context.newPage();

const faults = [];
const wrong = (what) => { faults.push(what); console.error(`WRONG: ${what}`); };
const must = (so, what) => { if (!so) throw new Error(what); };
page.on('pageerror', (error) => wrong(`${page.url()}: script: ${error.message}`));
page.on('console', (message) => {
  if (message.type() === 'error' && !expected.has(page.url())) wrong(`${page.url()}: console: ${message.text()}`);
});
// Answers that are meant to be refusals are no faults of the page.
const expected = new Set();

let number = 0;
/// Photographs the page, looks for what shuts people out, and tries the width of a phone.
async function look(name, { phone = true } = {}) {
  number += 1;
  const file = (kind) => join(folder, `${String(number).padStart(2, '0')}-${name}${kind}.png`);
  await page.screenshot({ path: file(''), fullPage: true });
  await page.evaluate(axe);
  const told = await page.evaluate(() => globalThis.axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  }));
  for (const { id, impact, help, nodes } of told.violations) {
    if (['serious', 'critical'].includes(impact)) {
      wrong(`${page.url()}: axe ${impact} ${id}: ${help}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(' | ')}`);
    } else {
      console.error(`axe ${impact} ${id} at ${page.url()}: ${help}`);
    }
  }
  if (!phone) return;
  await page.setViewportSize({ width: 375, height: 800 });
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (over > 1) wrong(`${page.url()}: ${over} px wider than a phone`);
  await page.screenshot({ path: file('-phone') });
  await page.setViewportSize({ width: 1280, height: 900 });
}

/// Opens a page and looks at it.
async function visit(path, name, options) {
  const answer = await page.goto(origin + path);
  must(answer.ok(), `${path} answered ${answer.status()}`);
  const octets = (await answer.body()).length;
  if (octets > 100 * 1024 && !options?.large) wrong(`${path} has ${octets} octets`);
  await look(name, options);
}

const text = async (selector = 'main') => (await page.textContent(selector)) ?? '';
/// Forms with data-confirm ask first.
page.on('dialog', (dialog) => dialog.accept());

const steps = {
  async 'sign in by the one-time link'() {
    await page.goto(link);
    await look('link');
    await page.click('main button');
    await page.waitForURL(`${origin}/`);
    must((await text('h1')).includes('What needs attention'), 'the overview comes first');
    await page.waitForSelector('[data-load] .state');
    await look('overview');
  },

  async 'every page can be looked at'() {
    const pages = ['/mailboxes', '/mailboxes/new', '/mailboxes/import', '/domains', '/domains/new', '/ips', '/messages', '/queue',
      '/bounces', '/suppressions', '/blocklists', '/events', '/settings', '/audit', '/account'];
    for (const path of pages) await visit(path, path.slice(1).replaceAll('/', '-'));
  },

  async 'a domain is added and becomes green'() {
    await page.goto(`${origin}/domains/new`);
    await page.fill('#name', 'fresh.test');
    await page.fill('#ip', '127.0.1.77');
    await page.click('main button');
    must((await text()).includes('fresh.test'), 'the plan is shown before anything is written');
    await look('plan');
    await page.click('main form button');
    await page.waitForURL(`${origin}/domains/fresh.test`);
    await page.waitForSelector('h1 + p .state.ok');
    must((await text()).includes('The DNS says all that is planned'), 'green');
    await look('domain');
    await page.click('text=Test it now');
    await page.waitForSelector('.grade .letter');
    await look('domain-tested');
  },

  async 'mailboxes are added in bulk, wrong rows shown first'() {
    await page.goto(`${origin}/mailboxes/import`);
    const rows = (last) => `address,display\nkim@fresh.test,Kim Lee\nlou@fresh.test,"Lou, of Sales"\n${last}\n`;
    await page.fill('textarea', rows('not an address,Nobody'));
    expected.add(page.url()).add(`${origin}/mailboxes/import`);
    await page.click('main form button[type=submit], main form button:not([type=button])');
    must((await text()).includes('not an address') || (await page.inputValue('textarea')).includes('not an address'), 'nothing is lost');
    must((await page.$$('main .notice.bad, main .state.bad, main table')).length > 0, 'the row with the fault is shown');
    await look('import-refused');
    await page.fill('textarea', rows('max@fresh.test,=HYPERLINK("http://x")'));
    await page.click('main form button[type=submit], main form button:not([type=button])');
    must((await text()).includes('kim@fresh.test'), 'the new mailboxes are shown');
    await look('mailboxes-made');
  },

  async 'they are exported, and no cell is a formula'() {
    await page.goto(`${origin}/mailboxes?domain=fresh.test`);
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('a:has-text("Export as CSV")')]);
    const csv = readFileSync(await download.path(), 'utf8');
    must(csv.includes('kim@fresh.test') && csv.includes('lou@fresh.test'), `the export has them: ${csv}`);
    must(!/(^|,)"?[=+@-]/m.test(csv), `no cell begins as a formula: ${csv}`);
  },

  async 'mailboxes are found, suspended and resumed'() {
    await page.goto(`${origin}/mailboxes`);
    await page.fill('#q', 'fresh.test');
    await page.click('form[role=search] button');
    must((await page.$$('tbody tr')).length === 3, 'three fit');
    await page.check('[data-check-all]');
    await page.click('button[value=suspend]');
    await page.waitForSelector('.state.bad');
    await look('mailboxes-suspended', { phone: false });
    await page.check('[data-check-all]');
    await page.click('button[value=resume]');
    await page.waitForSelector('tbody .state.ok');
    await page.click('tbody a');
    must((await text()).includes('993'), 'the settings of a mail program are there');
    await look('mailbox');
  },

  async 'a bounce is opened and its causes are checked live'() {
    await page.goto(`${origin}/bounces`);
    await page.goto(`${origin}/messages?state=bounced`);
    await page.click('tbody a');
    must((await text()).includes('The whole conversation'), 'the transcript is there');
    await look('message');
    await page.click('text=Run the checks now');
    await page.waitForSelector('[data-load-on-click] .row, [data-load-on-click] .notice');
    await look('message-checked', { phone: false });
  },

  async 'an IP is looked at on the spot'() {
    await page.goto(`${origin}/ips`);
    await page.click('a:has-text("Look now")');
    await page.waitForSelector('#part .row');
    await look('ip');
  },

  async 'somebody is let in, and the audit log says so'() {
    await page.goto(`${origin}/settings`);
    await page.fill('#login', 'vic@fresh.test');
    await page.selectOption('#role', 'viewer');
    await page.click('button[value=add]');
    const made = await text('#made');
    must(made.startsWith(`${origin}/sign-in/link/`), `a whole link: ${made}`);
    await page.goto(`${origin}/audit`);
    must((await text()).includes('account.add') && (await text()).includes('mailbox.add'), 'the log has both');
    const guest = await browser.newContext();
    const theirs = await guest.newPage();
    await theirs.goto(made);
    await theirs.click('main button');
    await theirs.waitForURL(`${origin}/`);
    const refused = await theirs.goto(`${origin}/settings`);
    must(refused.status() === 403, 'a viewer sees no settings');
    must(!(await theirs.goto(`${origin}/mailboxes`).then(() => theirs.textContent('main'))).includes('Add a mailbox'), 'nor adds mailboxes');
    await guest.close();
  },

  async 'a bounce is pasted into a public tool'() {
    await visit('/tools', 'tools');
    await visit('/smtp-errors', 'smtp-errors', { large: true });
    await visit('/smtp-errors/550-5-1-1', 'smtp-error');
    await page.goto(`${origin}/tools/bounce-decoder`);
    await page.fill('textarea', '550-5.1.1 The email account that you tried to reach does not exist. https://support.google.com/mail/?p=NoSuchUser - gsmtp');
    await page.click('main form button:not([type=button])');
    await page.waitForSelector('a[href^="/smtp-errors/"]');
    must((await text()).includes('5.1.1'), 'it is explained');
    await look('bounce-decoded');
    for (const tool of ['email-deliverability-test', 'blacklist-checker', 'mx-lookup', 'from-validator', 'bounce-decoder',
      'email-header-analyzer', 'spf-generator', 'dkim-generator', 'dmarc-generator', 'can-spam-checker', 'mailbox-checker', 'cost-calculator']) {
      await visit(`/tools/${tool}`, tool);
    }
    await page.goto(`${origin}/tools/mx-lookup?domain=fresh.test`);
    await page.waitForSelector('main .row, main table');
    await look('mx-looked-up');
  },

  async 'in the dark, and without script'() {
    await page.emulateMedia({ colorScheme: 'dark' });
    for (const path of ['/', '/mailboxes', '/domains/fresh.test', '/tools']) await visit(path, `dark${path.replaceAll('/', '-')}`);
    await page.emulateMedia({ colorScheme: 'light' });
    const state = await context.storageState();
    const plain = await browser.newContext({ javaScriptEnabled: false, storageState: state });
    const still = await plain.newPage();
    for (const path of ['/', '/mailboxes', '/messages', '/domains/fresh.test/test']) {
      const answer = await still.goto(origin + path);
      must(answer.ok() && ((await still.textContent('h1')) ?? '') !== '', `${path} reads without script`);
    }
    await plain.close();
  },

  async 'signing out ends it'() {
    await page.goto(`${origin}/account`);
    await page.click('form[action="/sign-out"] button');
    await page.goto(`${origin}/mailboxes`);
    must(page.url().startsWith(`${origin}/sign-in`), 'the pages ask who looks');
    await look('sign-in');
  },
};

for (const [name, step] of Object.entries(steps)) {
  try {
    await step();
    console.log(`ok: ${name}`);
  } catch (error) {
    wrong(`${name}: ${error.message.split('\n').slice(0, 4).join(' / ')} (at ${page.url()})`);
    await page.screenshot({ path: join(folder, `failed-${number}.png`), fullPage: true }).catch(() => {});
  }
}
await browser.close();
console.log(`${number} looks, ${faults.length} faults`);
process.exit(faults.length === 0 ? 0 : 1);
