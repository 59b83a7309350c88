// Visits the playground in Chromium, for the scripts beside it, and keeps what was seen.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

export const given = JSON.parse(readFileSync(0, 'utf8'));
const { url, keys, executable, screenshots } = given;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const DESKTOP = { width: 1000, height: 700 };
// Only what hangs takes longer, on any machine.
export const HANGS_MS = 600_000;
export const seen = {};

// The API is at a loopback address here, which Chromium keeps from pages of public sites, whatever the API allows.
const args = ['--no-sandbox', '--disable-features=LocalNetworkAccessChecks'];
export const browser = await chromium.launch({ executablePath: executable, args, timeout: HANGS_MS });

export async function visit(name, { at = url, path = '/', key = keys.mega, ...options }, act) {
  const context = await browser.newContext({ viewport: DESKTOP, colorScheme: 'light', ...options });
  context.setDefaultTimeout(HANGS_MS);
  const page = await context.newPage();
  const facts = { requests: [], errors: [] };
  page.on('request', request => /^(data|blob):/.test(request.url()) || facts.requests.push(request.url()));
  page.on('pageerror', error => facts.errors.push(String(error)));
  page.on('console', message => {
    // Chromium itself notes every answer that is not a 2xx.
    const refused = message.text().startsWith('Failed to load resource: the server responded with a status of 4');
    if (message.type() === 'error' && !refused) facts.errors.push(message.text());
  });
  try {
    await page.goto(at + path, { waitUntil: 'networkidle' });
    facts.firstPaint = facts.requests.length;
    if (key) await page.fill('#key', key);
    await act(page, facts);
  } catch (error) {
    // One scenario that fails must not hide what the others saw.
    facts.errors.push(String(error));
  }
  await page.evaluate(() => { document.activeElement.blur(); scrollTo(0, 0); });
  await page.screenshot({ path: `${screenshots}/${name}.png`, fullPage: true });
  seen[name] = facts;
  await context.close();
}

export const choose = (page, file) => page.setInputFiles('#file', file);
export const submit = page => page.click('#go');
export const said = async page => ({ verdict: await page.textContent('#verdict'), note: await page.textContent('#note') });
export const settled = page => page.waitForFunction(
  () => document.querySelector('#verdict').matches('.safe, .questionable, .nsfw, .error'));
export const answered = async page => { await settled(page); return said(page); };
export const width = page => page.evaluate(() => document.documentElement.scrollWidth);

export async function violations(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run());
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(node => node.target).join(' ')}`);
}

export async function finish(more = {}) {
  await browser.close();
  process.stdout.write(JSON.stringify({ seen, ...more }));
}
