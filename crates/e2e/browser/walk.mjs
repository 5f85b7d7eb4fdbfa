// The dashboard as a person walks through it, over the lab. Usage: node walk.mjs <sign-in link> <folder for screenshots>
import { readFileSync } from 'node:fs';
import { must, open } from './eye.mjs';

const [link, folder] = process.argv.slice(2);
const origin = new URL(link).origin;
const { browser, context, page, refusals, look, visit, run, text } = await open(origin, folder, 'lab');

await run({
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
      '/bounces', '/reports', '/suppressions', '/blocklists', '/events', '/webhooks', '/settings', '/audit', '/account'];
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
    refusals.add(page.url());
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
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('button:has-text("Export all shown")')]);
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
    await page.check('[data-check-all]');
    await page.click('button[value=verify]');
    await page.waitForFunction(() => document.querySelectorAll('tbody .state.ok').length === 6, null, { timeout: 90_000 });
    must((await text()).includes('proved'), 'every mailbox is proved by its round trip');
    await look('mailboxes-proved');
    await page.click('tbody a');
    must((await text()).includes('proof.reply'), 'each step has its evidence');
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

  async 'keys are changed, and signing goes over once the DNS has the new ones'() {
    await page.goto(`${origin}/domains/fresh.test`);
    await page.click('text=Change the keys');
    await page.waitForSelector('#dkim ~ .wrap .state.warn');
    await look('domain-keys-waiting', { phone: false });
    const seen = '#dkim ~ .wrap td:nth-of-type(3) .state.ok';
    // A young domain's page looks again by itself until all is green.
    await page.waitForFunction((query) => document.querySelectorAll(query).length === 4, seen, { timeout: 60_000 });
    must((await text('h1 + p')).includes('green'), 'the DNS has old and new keys');
    await page.click('text=Sign with the new keys');
    await page.waitForSelector('text=Revoke the old keys');
    must((await text()).includes('still on their way'), 'why the old ones stay is explained');
    await look('domain-keys');
  },

  async 'a report is read: who sends as us, and the report itself'() {
    await page.goto(`${origin}/reports?domain=acme-mail.test`);
    must((await text()).includes('100.0 %') && (await text()).includes('127.0.1.1'), 'our own IP, and all of it passed');
    must((await page.$$('svg.chart rect.passed')).length === 1, 'the chart has its bar');
    await page.click('summary:has-text("The numbers")');
    await page.click('summary:has-text("What the words mean")');
    await look('reports-of-domain');
    await page.click('a[href^="/reports/"]');
    must((await text()).includes('dmarc-enforcing.test') && (await text()).includes('aligned'), 'by whom, and what it saw');
    await look('report');
    await page.goto(`${origin}/reports?domain=fresh.test`);
    must((await text()).includes('rua=mailto:reports@fresh.test'), 'a domain without reports is told how to get them');
    await look('reports-none');
  },

  async 'events come by themselves'() {
    await page.goto(`${origin}/events`);
    await page.waitForSelector('#live .state.ok');
    const other = await context.newPage();
    await other.goto(`${origin}/mailboxes/new`);
    await other.fill('#address', 'nora@fresh.test');
    // A page that is closed takes a form with it that was not sent yet.
    const made = other.waitForResponse((response) => response.request().method() === 'POST');
    await other.click('main form button:not([type=button])');
    await made;
    await other.close();
    await page.waitForSelector('#events tr:first-child:has-text("nora@fresh.test"), #events tr:has-text("nora@fresh.test")');
    await page.click('#live button');
    must((await text('#live')).includes('paused'), 'they can be halted');
    await look('events-live');
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
    for (const path of ['/', '/mailboxes', '/domains/fresh.test', '/reports', '/tools']) await visit(path, `dark${path.replaceAll('/', '-')}`);
    await page.emulateMedia({ colorScheme: 'light' });
    const state = await context.storageState();
    const plain = await browser.newContext({ javaScriptEnabled: false, storageState: state });
    const still = await plain.newPage();
    for (const path of ['/', '/mailboxes', '/messages', '/reports', '/events', '/domains/fresh.test/test']) {
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
});
