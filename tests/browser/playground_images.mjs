// Tries the playground with files of every kind and with and without a key, for test_playground_images.py to judge.
import { answered, choose, finish, given, said, submit, violations, visit, width } from './visits.mjs';

const { files, keyless, contactless } = given;
const PHONE = { viewport: { width: 360, height: 740 } };

const keySource = page => page.textContent('#key-source');
const focused = page => page.evaluate(() => document.activeElement.id);
const preview = page => page.evaluate(() => ({
  drawn: document.querySelector('#image').checkVisibility(), why: document.querySelector('#no-preview').textContent,
  map: document.querySelector('#map-controls').checkVisibility(),
}));
const verdictInView = page => page.evaluate(() => {
  const { top, bottom } = document.querySelector('#verdict').getBoundingClientRect();
  return top >= 0 && bottom <= innerHeight;
});
const list = page => page.$$eval('#list li', rows => rows.map(row => [...row.querySelectorAll('span, b')].map(node => node.textContent)));
/** Keeps what the page sends, in base64: Chromium tells nobody else what a file is. */
const watchCalls = async (page, facts) => {
  facts.sent = [];
  await page.exposeFunction('keep', url => facts.sent.push(url.slice(url.indexOf(',') + 1)));
  await page.evaluate(() => {
    const { fetch } = window;
    window.fetch = async (address, init) => {
      const reader = new FileReader();
      await new Promise(done => { reader.onload = done; reader.readAsDataURL(new Blob([init.body])); });
      await window.keep(reader.result);
      return fetch(address, init);
    };
  });
};

async function judged(page, facts, file) {
  await watchCalls(page, facts);
  await choose(page, file);
  facts.answer = await answered(page);
  facts.preview = await preview(page);
  facts.json = JSON.parse(await page.textContent('#json'));
  facts.codeNote = await page.textContent('#code-note');
  facts.violations = await violations(page);
  facts.width = await width(page);
}

await visit('first-sight', { key: '' }, async (page, facts) => {
  facts.keySource = await keySource(page);
  facts.contact = await page.getAttribute('#key-source a', 'href');
  facts.violations = await violations(page);
  facts.tabs = [];
  for (let stop = 0; stop < 9; stop++) {
    await page.keyboard.press('Tab');
    facts.tabs.push(await page.evaluate(() => document.activeElement.id || document.activeElement.textContent.trim()));
  }
});
await visit('first-sight-phone-dark', { key: '', colorScheme: 'dark', ...PHONE }, async (page, facts) => {
  facts.violations = await violations(page);
  facts.width = await width(page);
});
await visit('no-key', { key: '' }, async (page, facts) => {
  await choose(page, files.mosaic);
  facts.invited = { ...await said(page), focused: await focused(page), preview: await preview(page) };
  await submit(page);
  facts.answer = await answered(page);
  facts.focused = await focused(page);
  facts.violations = await violations(page);
  await page.screenshot({ path: `${given.screenshots}/no-key-error.png`, fullPage: true });
  await page.fill('#key', given.keys.mega);
  await page.keyboard.press('Enter');
  await page.waitForSelector('#verdict.nsfw');
});
await visit('no-contact', { at: contactless, key: '' }, async (page, facts) => { facts.keySource = await keySource(page); });
await visit('no-contact-elsewhere', { at: contactless, key: '' }, async (page, facts) => {
  await page.route('https://api.example/', async route => route.fulfill({ response: await route.fetch({ url: `${contactless}/` }) }));
  await page.goto('https://api.example/');
  facts.keySource = await keySource(page);
});
await visit('keyless', { at: keyless, key: '' }, async (page, facts) => {
  facts.keyShown = await page.isVisible('#key');
  await judged(page, facts, files.mosaic);
  facts.code = {};
  for (const language of ['curl', 'python', 'javascript']) {
    await page.selectOption('#language', language);
    facts.code[language] = await page.textContent('#code');
  }
});
await visit('odd-key', { key: 'mod_live_…' }, async (page, facts) => {
  await choose(page, files.mosaic);
  facts.answer = await answered(page);
});
await visit('other-hosts', {}, async (page, facts) => {
  await page.route('https://other.example/**', route => route.fulfill({ body: 'reached', headers: { 'Access-Control-Allow-Origin': '*' } }));
  facts.reached = await page.evaluate(() => fetch('https://other.example/').then(() => true, () => false));
  // Chromium notes each refusal.
  facts.errors = facts.errors.filter(error => !error.includes('Content Security Policy'));
});

for (const name of ['large-photo', 'large-transparent', 'large-animation', 'large-undrawable', 'many-pixels', 'heic', 'animation',
  'questionable', 'panorama', 'empty', 'tiff', 'damaged']) {
  await visit(name, {}, (page, facts) => judged(page, facts, files[name]));
}
await visit('reduced-motion', { reducedMotion: 'reduce' }, async (page, facts) => {
  await judged(page, facts, files.animation);
  facts.source = (await page.getAttribute('#image', 'src')).slice(0, 15);
});
await visit('large-photo-phone', PHONE, async (page, facts) => {
  await judged(page, facts, files['large-photo']);
  facts.inView = await verdictInView(page);
});
await visit('heic-phone-dark', { ...PHONE, colorScheme: 'dark' }, (page, facts) => judged(page, facts, files.heic));

const judgedAll = page => page.waitForFunction(() => / images: /.test(document.querySelector('#progress').textContent));
for (const [name, options] of [['several', {}], ['several-phone-dark', { ...PHONE, colorScheme: 'dark' }]]) {
  await visit(name, options, async (page, facts) => {
    await choose(page, files.several);
    await judgedAll(page);
    facts.chosen = await page.textContent('#chosen');
    facts.progress = await page.textContent('#progress');
    facts.list = await list(page);
    facts.first = await said(page);
    await page.click('#list li:nth-child(2) button');
    await page.waitForSelector('#map-controls:not([hidden])');
    // At the place to which the page has scrolled.
    await page.screenshot({ path: `${given.screenshots}/${name}-second.png` });
    await page.focus('#list li:nth-child(3) button');
    await page.keyboard.press('Enter');
    facts.third = await said(page);
    facts.inView = await verdictInView(page);
    facts.current = await page.$$eval('#list button', found => found.map(node => node.getAttribute('aria-current')));
    facts.violations = await violations(page);
    facts.width = await width(page);
  });
}
await visit('several-wrong-key', { key: 'mod_live_wrong' }, async (page, facts) => {
  await choose(page, files.several);
  await judgedAll(page);
  facts.progress = await page.textContent('#progress');
  facts.list = await list(page);
});

await finish();
