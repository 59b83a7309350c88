function showCode() {
  const { file } = shown, url = $('url').value.trim();
  const name = file ? file.name || 'photo.png' : 'photo.jpg';
  const policy = $('policy').value, query = policy ? `?policy=${policy}` : '', address = `${BASE}v1/classify${query}`;
  const body = JSON.stringify({ url });
  const byUrl = !file && url;
  const quoted = text => `'${text.replaceAll("'", "'\\''")}'`;
  const curl = `curl ${quoted(address)}` + (SETTINGS.keys ? ' -H "x-api-key: $KEY"' : '');
  const type = byUrl ? 'application/json' : BINARY_TYPE;
  const python = [
    ...(SETTINGS.keys ? ['"x-api-key": os.environ["KEY"]'] : []), ...(byUrl ? [] : [`"Content-Type": "${BINARY_TYPE}"`]),
  ];
  const javascript = [...(SETTINGS.keys ? [`'x-api-key': process.env.KEY`] : []), `'Content-Type': '${type}'`];
  $('code').textContent = {
    curl: byUrl
      ? `${curl} \\\n  -H 'Content-Type: application/json' -d ${quoted(body)}`
      : `${curl} \\\n  --data-binary @${quoted(name)}`,
    python: (SETTINGS.keys ? 'import os\n\n' : '') + `import requests\n\nanswer = requests.post(\n    ${JSON.stringify(address)},\n    headers={${python.join(', ')}},\n` +
      (byUrl ? `    json=${body},` : `    data=open(${JSON.stringify(name)}, "rb"),`) + `\n)\nanswer.raise_for_status()\nprint(answer.json()["data"]["verdict"])`,
    javascript: (byUrl ? '' : `import { readFile } from 'node:fs/promises';\n\n`) +
      `const answer = await fetch(${JSON.stringify(address)}, {\n  method: 'POST',\n  headers: { ${javascript.join(', ')} },\n  ` +
      (byUrl ? `body: JSON.stringify(${body}),` : `body: await readFile(${JSON.stringify(name)}),`) +
      `\n});\nif (!answer.ok) throw new Error((await answer.json()).message);\nconsole.log((await answer.json()).data.verdict);`,
  }[$('language').value];
  $('code-note').textContent = shown.copy
    ? `This sends the file as it is, which the service refuses. Shrink it first, as your browser did here.` : '';
}
