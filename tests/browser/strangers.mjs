// Lets pages that are not the gateway's own try to use it, and prints what they got, as JSON, for test_strangers.py.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { chromium } from 'playwright-core';

const { url, aws, key, executable } = JSON.parse(readFileSync(0, 'utf8'));
const STOLEN = 'stolen.example';
const port = address => new URL(address).port;

// A name that leads to this machine, as after DNS rebinding. Chromium would keep pages of public sites from loopback
// addresses; without that, only the gateway itself is in the way.
const args = ['--no-sandbox', `--host-resolver-rules=MAP ${STOLEN} 127.0.0.1`, '--disable-features=LocalNetworkAccessChecks'];
const browser = await chromium.launch({ executablePath: executable, args });
const page = await (await browser.newContext()).newPage();

const server = createServer((_, answer) => answer.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html>'));
await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));

// Everything that a page can send without asking first, and what it has to ask for.
const attack = (page, target, key) => page.evaluate(async ([target, key]) => {
  const json = { 'Content-Type': 'application/x-amz-json-1.0' };
  const authorization = 'AWS4-HMAC-SHA256 Credential=local/20261126/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=' + '0'.repeat(64);
  const drop = { method: 'POST', body: '{"TableName": "modest-Ledger"}' };
  const requests = {
    page: ['/', {}],
    health: ['/health', {}],
    usage: ['/v1/usage', { headers: { 'x-api-key': key } }],
    reset: ['/moto-api/reset', { method: 'POST' }],
    data: ['/moto-api/data.json', {}],
    keys: ['/apikeys?includeValues=true', {}],
    blind: ['/', { ...drop, mode: 'no-cors', headers: { 'Content-Type': 'text/plain' } }],
    scan: ['/', { ...drop, headers: { ...json, 'X-Amz-Target': 'DynamoDB_20120810.Scan' } }],
    drop: ['/', { ...drop, headers: { ...json, 'X-Amz-Target': 'DynamoDB_20120810.DeleteTable', Authorization: authorization } }],
    query: [`/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${encodeURIComponent('local/20261126/us-east-1/dynamodb/aws4_request')}`, drop],
  };
  const got = {};
  for (const [name, [path, options]] of Object.entries(requests)) {
    try {
      const answer = await fetch(target + path, options);
      got[name] = answer.type === 'opaque' ? 'opaque' : answer.status;
    } catch (error) { got[name] = error.name; }
  }
  got.picture = await new Promise(resolve => {
    const image = new Image();
    image.onload = () => resolve('shown');
    image.onerror = () => resolve('not shown');
    image.src = `${target}/moto-api/reset`;
  });
  return got;
}, [target, key]);

const got = {};
for (const [name, target] of Object.entries({ gateway: url, aws })) {
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  got[`${name} from another port`] = await attack(page, target, key);
  // The page came from the attacker's server under this very name, before the name led here.
  const rebound = `http://${STOLEN}:${port(target)}`;
  await page.route(`${rebound}/start`, route => route.fulfill({ body: '<!doctype html>', contentType: 'text/html' }));
  await page.goto(`${rebound}/start`);
  got[`${name} under a stolen name`] = await attack(page, rebound, key);
}

await browser.close();
server.close();
process.stdout.write(JSON.stringify(got));
