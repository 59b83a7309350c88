// Opens the documentation page as API Gateway serves it, and prints what it shows: {url, executable} on stdin.
import {readFileSync} from 'node:fs';
import {chromium} from 'playwright-core';

const {url, executable} = JSON.parse(readFileSync(0, 'utf8'));
const browser = await chromium.launch({executablePath: executable, args: ['--no-sandbox']});
const page = await browser.newPage();
const faults = [];
page.on('pageerror', (error) => faults.push(String(error)));
page.on('requestfailed', (request) => faults.push(request.url()));
let transferred = 0;
page.on('response', (response) => {
  if (response.url().startsWith('http')) transferred += Number(response.headers()['content-length']);
});
await page.goto(`${url}/docs`);
await page.waitForSelector('.opblock', {timeout: 0});
const operations = await page.locator('.opblock').count();
const margin = await page.locator('.swagger-ui .info').first().evaluate((shown) => getComputedStyle(shown).margin);
await browser.close();
console.log(JSON.stringify({operations, margin, faults, transferred}));
