// Sends forms as Misskey does: {url, key, calls: [[{data, type}]]} on stdin, the data in base64. Prints what each is answered.
import { text } from 'node:stream/consumers';

const { url, key, calls } = JSON.parse(await text(process.stdin));
const answers = [];
for (const images of calls) {
  const form = new FormData();
  for (const [index, { data, type }] of images.entries()) {
    form.append(`image${index}`, new File([Buffer.from(data, 'base64')], `image${index}.png`, { type }));
  }
  const answer = await fetch(`${url}/v1/detect-images`, {
    method: 'POST',
    headers: key ? { Authorization: `Bearer ${key}` } : {},
    body: form,
  });
  answers.push({ status: answer.status, body: await answer.json() });
}
console.log(JSON.stringify(answers));
