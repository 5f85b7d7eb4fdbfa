// A new installation: set up with the code, signed in to by password and by a second factor.
// Usage: node set-up.mjs <origin> <set-up code> <folder for screenshots>
import { createHmac } from 'node:crypto';
import { must, open } from './eye.mjs';

const [origin, code, folder] = process.argv.slice(2);
const { page, refusals, look, run, text } = await open(origin, folder, 'set-up');
const LOGIN = 'ann@acme.test';
const PASSWORD = 'some words in a row';

/// The code of that secret at that time. RFC 6238
function totp(secret, step) {
  const bits = [...secret].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((octet) => parseInt(octet, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const hash = createHmac('sha1', key).update(counter).digest();
  const at = hash[19] & 15;
  return String((hash.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}
const present = () => Math.floor(Date.now() / 30_000);
let used = 0;

async function signIn(password, second = '') {
  await page.goto(`${origin}/sign-in`);
  await page.fill('#login', LOGIN);
  await page.fill('#password', password);
  await page.fill('#code', second);
  await page.click('main form button');
}

async function signOut() {
  await page.goto(`${origin}/account`);
  await page.click('form[action="/sign-out"] button');
}

let secret = '';
await run({
  async 'a new installation leads to its set-up'() {
    await page.goto(`${origin}/`);
    must(page.url() === `${origin}/set-up`, page.url());
    await look('form');
    refusals.add(`${origin}/set-up`);
    await page.fill('#code', 'wrong');
    await page.fill('#login', LOGIN);
    await page.fill('#password', PASSWORD);
    await page.click('main form button');
    must((await text()).includes('set-up code'), 'a wrong code is refused, with the reason');
    await page.fill('#code', code);
    await page.fill('#login', LOGIN);
    await page.fill('#password', PASSWORD);
    await page.click('main form button');
    await page.waitForURL(`${origin}/`);
    await look('overview');
  },

  async 'a wrong password is refused, the right one signs in'() {
    await signOut();
    refusals.add(`${origin}/sign-in`);
    await signIn('not the password at all');
    await page.waitForSelector('.notice.bad');
    await look('refused');
    await signIn(PASSWORD);
    await page.waitForURL(`${origin}/`);
  },

  async 'a second factor is set up and asked for'() {
    await page.goto(`${origin}/account`);
    await page.click('text=Set codes up');
    secret = (await text('main pre')).trim();
    await look('second-factor');
    used = present();
    await page.fill('#on', totp(secret, used));
    await page.click('text=Turn codes on');
    await page.waitForSelector('text=Signing in takes a code of your authenticator app');
    await signOut();
    await signIn(PASSWORD);
    await page.waitForSelector('.notice.bad');
    // A code is taken once: the next one is within the clock's tolerance.
    await signIn(PASSWORD, totp(secret, used + 1));
    await page.waitForURL(`${origin}/`);
  },

  async 'a key of the API is made, shown once, and works'() {
    await page.goto(`${origin}/account`);
    await page.fill('#name', 'a test');
    await page.fill('#scopes', 'domains:read');
    await page.click('text=Make a key');
    const key = (await text('main .notice pre')).trim();
    const asked = (path) => fetch(`${origin}/api/v1${path}`, { headers: { Authorization: `Bearer ${key}` } });
    const domains = await asked('/domains');
    must(domains.ok && JSON.stringify(await domains.json()).includes('acme.test'), 'it reads domains');
    must((await asked('/mailboxes')).status === 403, 'and nothing else');
    await look('key');
    await page.goto(`${origin}/account`);
    must(!(await text()).includes(key), 'the key is not shown again');
  },
});
