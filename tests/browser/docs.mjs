// Opens the documentation page as API Gateway serves it, and sends every call that it offers as it stands:
// {url, key, executable} on stdin. Prints what it shows, and the status of each answer.
import {readFileSync} from 'node:fs';
import {chromium} from 'playwright-core';

// A white PNG, for what cannot be called without a file.
const PIXEL = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4//8/AAX+Av4N70a4AAAAAElFTkSuQmCC', 'base64');
const {url, key, executable} = JSON.parse(readFileSync(0, 'utf8'));
const browser = await chromium.launch({executablePath: executable, args: ['--no-sandbox']});
const page = await browser.newPage();
const faults = [];
page.on('pageerror', (error) => faults.push(String(error)));
page.on('requestfailed', (request) => faults.push(request.url()));
let transferred = 0;
const loading = (response) => {
  if (response.url().startsWith('http')) transferred += Number(response.headers()['content-length']);
};
page.on('response', loading);
await page.goto(`${url}/docs`);
await page.waitForSelector('.opblock', {timeout: 0});
const logo = await page.locator('header img').evaluate((image) => image.naturalWidth > 0);
const margin = await page.locator('.swagger-ui .info').first().evaluate((shown) => getComputedStyle(shown).margin);
page.off('response', loading);

await page.getByRole('button', {name: 'Authorize'}).click();
await page.getByLabel('Value').first().fill(key);
await page.getByRole('button', {name: 'Apply credentials'}).first().click();
await page.getByRole('button', {name: 'Close'}).first().click();
const answers = {};
for (const operation of await page.locator('.opblock').all()) {
  const name = await operation.locator('.opblock-summary-method, .opblock-summary-path').allInnerTexts();
  const summary = operation.locator('.opblock-summary-control');
  await summary.click();
  if (name.join(' ').includes('detect-images')) {
    await operation.locator('input[type=file]').first().setInputFiles({name: 'a.png', mimeType: 'image/png', buffer: PIXEL});
  }
  const [sent] = await Promise.all([
    page.waitForRequest((request) => request.resourceType() === 'fetch'),
    operation.getByRole('button', {name: 'Execute'}).click(),
  ]);
  const status = operation.locator('.live-responses-table .response-col_status').last();
  await status.waitFor({timeout: 0});
  const idempotencyKey = (await sent.allHeaders())['idempotency-key'] ?? null;
  // What is open is drawn anew with every change.
  await summary.click();
  answers[name.join(' ').replaceAll('\u200b', '')] = {status: (await sent.response()).status(), idempotencyKey};
}
await browser.close();
console.log(JSON.stringify({answers, logo, margin, faults, transferred}));
