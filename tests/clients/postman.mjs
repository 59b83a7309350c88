// Imports the OpenAPI document as Postman does, with its examples, and sends every request of the collection:
// {document, url, key, photo} on stdin. Prints what was sent and what came.
import {readFileSync} from 'node:fs';
import converter from 'openapi-to-postmanv2';
import newman from 'newman';

const {document, url, key, photo} = JSON.parse(readFileSync(0, 'utf8'));
const imported = await new Promise((resolve, reject) => {
  const options = {parametersResolution: 'Example'};
  converter.convertV2({type: 'json', data: document}, options, (error, result) => error ? reject(error) : resolve(result));
});
if (!imported.result) throw new Error(imported.reason);
const envVar = [{key: 'baseUrl', value: url}, {key: 'apiKey', value: key}];
const collection = imported.output[0].data;
const choose = ({item, request}) => {
  item?.forEach(choose);
  const fields = request?.url.path.includes('detect-images') ? request.body.formdata : [];
  for (const field of fields) Object.assign(field, {type: 'file', src: photo});
};
choose(collection);
newman.run({collection, envVar, reporters: []}, (failure, summary) => {
  if (failure) throw failure;
  const calls = summary.run.executions.map(({request, response, requestError}) => ({
    route: `${request.method} ${request.url.getPath()}`,
    idempotencyKey: request.headers.get('Idempotency-Key') ?? null,
    status: response?.code ?? String(requestError),
    text: response?.text() ?? '',
  }));
  console.log(JSON.stringify(calls));
});
