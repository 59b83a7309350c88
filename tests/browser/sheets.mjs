// Takes screenshots of pages, and writes every frame of animations: raw RGBA.
import { readFileSync, writeFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const { sheets, animations, frames, executable } = JSON.parse(readFileSync(0, 'utf8'));
const browser = await chromium.launch({ executablePath: executable, args: ['--no-sandbox', '--force-color-profile=srgb'] });
const page = await browser.newPage();
for (const { html, screenshot, width, height } of sheets) {
  await page.setViewportSize({ width, height });
  await page.goto(`file://${html}`);
  await page.screenshot({ path: screenshot, animations: 'allow', timeout: 600_000 });
}

const decoded = {};
await page.goto(`file://${sheets[0].html}`);
await page.addScriptTag({ path: frames });
for (const { name, path, type, raw, most } of animations) {
  const given = { text: readFileSync(path).toString('base64'), type, most };
  const { sizes, encoded } = await page.evaluate(async ({ text, type, most }) => {
    const { sizes, levels } = await framesOf(Uint8Array.from(atob(text), char => char.charCodeAt(0)), type, most);
    let binary = '';
    for (let at = 0; at < levels.length; at += 32768) binary += String.fromCharCode(...levels.subarray(at, at + 32768));
    return { sizes, encoded: btoa(binary) };
  }, given);
  writeFileSync(raw, Buffer.from(encoded, 'base64'));
  decoded[name] = sizes;
}
await browser.close();
process.stdout.write(JSON.stringify(decoded));
