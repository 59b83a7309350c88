// Prints pages to PDF on each paper, and notes what runs over the edge, what is fetched and what the console says.
import { readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const { files, widths, executable } = JSON.parse(readFileSync(0, 'utf8'));
const browser = await chromium.launch({ executablePath: executable, args: ['--no-sandbox'] });
const page = await browser.newPage();
const fetched = [], messages = [];
page.on('request', request => fetched.push(request.url()));
page.on('console', message => messages.push(message.text()));
const found = [];
for (const file of files) {
  await page.goto(`file://${file}`);
  const sheets = {}, wide = [];
  for (const width of widths) {
    await page.setViewportSize({ width, height: 800 });
    if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) wide.push(width);
  }
  for (const format of ['A4', 'Letter']) {
    const pdf = await page.pdf({ format });
    sheets[format] = pdf.toString('latin1').match(/\/Type\s*\/Page\b(?!s)/g).length;
  }
  found.push({ sheets, wide });
}
await browser.close();
const others = fetched.filter(url => !files.some(file => url === `file://${file}`));
process.stdout.write(JSON.stringify({ found, others, messages }));
