// Takes screenshots of pages, and writes every frame of animations as ImageDecoder composes it: raw RGBA.
import { readFileSync, writeFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const { sheets, animations, most, executable } = JSON.parse(readFileSync(0, 'utf8'));
const browser = await chromium.launch({ executablePath: executable, args: ['--no-sandbox', '--force-color-profile=srgb'] });
const page = await browser.newPage();
for (const { html, screenshot, width, height } of sheets) {
  await page.setViewportSize({ width, height });
  await page.goto(`file://${html}`);
  await page.screenshot({ path: screenshot, animations: 'allow', timeout: 120000 });
}

const decode = async ({ data, type, most }) => {
  const decoder = new ImageDecoder({ type, data: Uint8Array.from(atob(data), char => char.charCodeAt(0)) });
  const frames = [];
  try {
    await decoder.completed;
    await decoder.tracks.ready;
    const { frameCount, animated } = decoder.tracks.selectedTrack;
    for (let index = 0; animated && index < Math.min(frameCount, most); index++) {
      const { image } = await decoder.decode({ frameIndex: index });
      const { displayWidth: width, displayHeight: height } = image;
      const canvas = new OffscreenCanvas(width, height);
      const context = canvas.getContext('2d', { willReadFrequently: true });
      context.drawImage(image, 0, 0);
      image.close();
      const levels = context.getImageData(0, 0, width, height).data;
      let text = '';
      for (let at = 0; at < levels.length; at += 32768) text += String.fromCharCode(...levels.subarray(at, at + 32768));
      frames.push({ width, height, levels: btoa(text) });
    }
  } catch (error) {
    return { frames, error: String(error) };
  }
  return { frames };
};

const decoded = {};
await page.goto(`file://${sheets[0].html}`);
for (const { name, path, type, raw } of animations) {
  const { frames, error } = await page.evaluate(decode, { data: readFileSync(path).toString('base64'), type, most });
  writeFileSync(raw, Buffer.concat(frames.map(({ levels }) => Buffer.from(levels, 'base64'))));
  decoded[name] = { sizes: frames.map(({ width, height }) => [width, height]), error: error ?? null };
}
await browser.close();
process.stdout.write(JSON.stringify(decoded));
