// Prints what Chromium shows of images on white: the mean of each field of an 8 x 8 grid, as JSON.
import { readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const { files, executable } = JSON.parse(readFileSync(0, 'utf8'));
const browser = await chromium.launch({ executablePath: executable, args: ['--no-sandbox', '--force-color-profile=srgb'], timeout: 600_000 });
const page = await browser.newPage();

const shown = {};
for (const [name, { path, type }] of Object.entries(files)) {
  const url = `data:${type};base64,${readFileSync(path).toString('base64')}`;
  shown[name] = await page.evaluate(async url => {
    const SIDE = 256, FIELDS = 8, FIELD = SIDE / FIELDS;
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = Object.assign(document.createElement('canvas'), { width: SIDE, height: SIDE });
    const context = canvas.getContext('2d');
    context.fillStyle = 'white';
    context.fillRect(0, 0, SIDE, SIDE);
    context.imageSmoothingQuality = 'high';
    context.drawImage(image, 0, 0, SIDE, SIDE);
    const fields = [];
    for (let y = 0; y < FIELDS; y++) {
      for (let x = 0; x < FIELDS; x++) {
        const { data } = context.getImageData(x * FIELD, y * FIELD, FIELD, FIELD);
        const sums = [0, 0, 0];
        data.forEach((level, index) => { if (index % 4 < 3) sums[index % 4] += level; });
        fields.push(sums.map(sum => sum / FIELD ** 2));
      }
    }
    return fields;
  }, url);
}
await browser.close();
process.stdout.write(JSON.stringify(shown));
