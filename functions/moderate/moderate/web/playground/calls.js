// API Gateway corrupts a body whose content type is missing or is not registered as binary: it decodes it as text.
const BINARY_TYPE = 'application/octet-stream';
const UNREACHABLE = outcome('error', 'Not classified', 'The service could not be reached. Check your connection and try again.');
const NEW_KEYS = 'The line below its field says where to get one.';
const USED_UP = { quota_exceeded: 'Monthly quota used up', key_limit_exceeded: "This key's limit is used up" };
// Counts the runs. What belongs to an earlier one is ignored, because its images or its policy are no longer chosen.
let latestRun = 0;

function askForKey(kind) {
  images.forEach(image => setOutcome(image, outcome(kind, 'API key needed', `Enter your key, then press Classify. ${NEW_KEYS}`)));
  $('key').focus();
}

async function classify() {
  const url = $('url').value.trim();
  if (url && !(images.length === 1 && images[0].url === url)) setImages([newImage(null, url)]);
  if (!images.length) return showAlone(outcome('error', 'No image selected', 'Drop, paste or choose an image, or enter its URL.'));
  const run = ++latestRun;
  enableButton();
  if (SETTINGS.keys && !$('key').value.trim()) return askForKey('error');
  for (const image of images) setOutcome(image, outcome('quiet', images.length > 1 ? 'Waiting…' : 'Classifying…'));
  for (const [index, image] of images.entries()) {
    showProgress(`Classifying ${images.length} images…`);
    setOutcome(image, outcome('quiet', 'Classifying…'));
    const result = await judge(image, run);
    if (run !== latestRun) return;
    setOutcome(image, result);
    // The others would be refused in the same way.
    if (result.final) { images.slice(index + 1).forEach(other => setOutcome(other, result)); break; }
  }
  showProgress(summary());
  reveal();
}

async function judge(image, run) {
  let body;
  try {
    body = image.file ? await sendable(image) : JSON.stringify({ url: image.url });
  } catch (error) {
    return outcome('error', 'Not classified', error.message);
  }
  const query = new URLSearchParams({ explain: 'true' });
  if ($('policy').value) query.set('policy', $('policy').value);
  const headers = { 'Content-Type': image.file ? BINARY_TYPE : 'application/json' };
  if (SETTINGS.keys) headers['x-api-key'] = $('key').value.trim();
  // Other characters cannot be sent in a header.
  if (!/^[!-~]*$/.test($('key').value.trim())) return refusal(401, {}, 0);
  let response, answer;
  try {
    if (run !== latestRun) return UNREACHABLE;
    response = await fetch(`${BASE}v1/classify?${query}`, { method: 'POST', headers, body });
    answer = await response.json().catch(() => ({}));
  } catch {
    return UNREACHABLE;
  }
  if (run !== latestRun) return UNREACHABLE;
  showRemainingCalls(response.headers);
  if (response.ok) return describe(image, answer);
  const wait = Number(response.headers.get('Retry-After'));
  const retry = response.status === 429 && response.headers.get('x-should-retry') !== 'false' && wait > 0 && wait <= 60;
  if (retry && !(answer.code in USED_UP)) {
    setOutcome(image, outcome('quiet', 'Rate limit reached', `Retrying in ${Math.ceil(wait)} s.`));
    if (await countDown(Math.ceil(wait), run)) return judge(image, run);
  } else if (answer.code === 'too_many_pixels' && image.file && !image.copy) {
    const { naturalWidth: width, naturalHeight: height } = image.element;
    try {
      await shrink(image, `This image of ${width} × ${height} pixels is larger than the service decodes in this format`);
      return judge(image, run);
    } catch { /* What the service says then tells more. */ }
  }
  return refusal(response.status, answer, wait);
}

function refusal(status, answer, wait) {
  const message = answer.message || answer.error || `The service answered with status ${status}.`;
  if (answer.code in USED_UP) {
    return { ...outcome('error', USED_UP[answer.code], wait ? describeReset(wait) : message, answer), final: true };
  }
  if (status === 401) {
    const note = `The service does not know this key, or it was disabled. Check that you copied all of it. ${NEW_KEYS}`;
    return { ...outcome('error', 'API key rejected', note, answer), final: true };
  }
  return outcome('error', status === 429 ? 'Too many calls' : 'Not classified', message, answer);
}

/** Returns whether the run is still the latest. */
async function countDown(seconds, run) {
  // Only the button counts down: a screen reader would read out every change of the message.
  $('go').disabled = true;
  for (let remaining = seconds; remaining > 0; remaining--) {
    $('go').textContent = `Retry in ${remaining} s`;
    await new Promise(resolve => setTimeout(resolve, 1000));
    if (run !== latestRun) return false;
  }
  enableButton();
  return true;
}

function enableButton() {
  const lostFocus = $('go').disabled && document.activeElement === document.body;
  $('go').disabled = false;
  $('go').textContent = 'Classify';
  // Disabling a focused button takes the focus away from it.
  if (lostFocus) $('go').focus();
}

function showRemainingCalls(headers) {
  if (!headers.has('X-RateLimit-Remaining')) return;
  const figure = name => Number(headers.get(`X-RateLimit-${name}`));
  const [remaining, limit] = [figure('Remaining'), figure('Limit')].map(calls => calls.toLocaleString('en'));
  $('left').textContent = `${remaining} of ${limit} calls left this month. ${describeReset(figure('Reset'))}`;
}

function describeReset(seconds) {
  const hours = Math.ceil(seconds / 3600), days = Math.round(seconds / 86400);
  // Rounded to the hour, because this clock and the server's may differ slightly.
  const reset = new Date(Math.round((Date.now() + seconds * 1000) / 3600000) * 3600000);
  const date = reset.toLocaleDateString('en', { day: 'numeric', month: 'long', timeZone: 'UTC' });
  const duration = hours > 48 ? `${days} days` : hours === 1 ? 'less than an hour' : `${hours} hours`;
  return `The quota resets on ${date} (UTC), in ${duration}.`;
}
