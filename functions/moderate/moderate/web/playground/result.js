const MEANING = `A score below ${CUTS.questionable} is safe, one from ${CUTS.nsfw} on is nsfw, and what is between is questionable.`;
const EMPTY = { name: '', file: null, outcome: outcome('quiet', 'No image classified yet', MEANING) };
const SETTLED = ['safe', 'questionable', 'nsfw', 'error'];
let images = [], shown = EMPTY;

function setImages(chosen) {
  latestRun++;
  enableButton();
  images.forEach(forget);
  images = chosen;
  $('list').replaceChildren(...(images.length > 1 ? images.map(createRow) : []));
  showProgress('');
  show(images[0] || EMPTY);
}

function setOutcome(image, result) {
  image.outcome = result;
  if (image === shown) show(image);
  else showList();
}

function showAlone(result) {
  setImages([]);
  show({ ...EMPTY, outcome: result });
}

function describe(image, answer) {
  const { data, meta: { frames: { judged, total }, second_opinion: opinion, policy } } = answer;
  const frames = judged < total
    ? ` Only ${judged} of ${total} frames were checked: the animation is too much to judge in full.`
    : total > 1 ? ` This is the worst of ${total} frames.` : '';
  const opinions = opinion
    ? ` Two models were asked: one scores ${opinion.first.nsfw_score}, the other ${opinion.second.nsfw_score}.` : '';
  const unexplained = data.heatmaps === null ? ' Its model makes no heat map.' : '';
  const own = policy ? ` Judged by your account's own policy (${policy.name}).` : '';
  const copy = image.copy ? `\n${image.copy.note}` : '';
  const note = `Score ${data.nsfw_score.toFixed(4)}. Top class: ${data.top_class.toLowerCase()}.${frames}${opinions}${unexplained}${own}${copy}`;
  return outcome(data.verdict, data.verdict, note, answer);
}

function show(image) {
  shown = image;
  const { kind, title, note, answer } = image.outcome;
  $('verdict').className = kind;
  $('verdict').textContent = title;
  $('note').textContent = note;
  const data = answer && answer.data;
  $('details').hidden = $('check').hidden = !data;
  $('raw').hidden = !answer;
  // The grids would fill pages; the picture shows them.
  $('json').textContent = JSON.stringify(answer, (name, value) => (name === 'heatmaps' ? undefined : value), 2);
  if (data) showClasses(data.classes);
  showThreshold();
  showPicture(image, data);
  showList();
  showCode();
}

function showClasses(classes) {
  const sorted = Object.entries(classes).sort((a, b) => b[1] - a[1]);
  $('classes').replaceChildren(...sorted.flatMap(([name, value]) => {
    const bar = createElement('dd', 'bar');
    bar.append(createElement('i'));
    bar.firstChild.style.width = value * 100 + '%';
    return [createElement('dt', '', name), bar, createElement('dd', '', value.toFixed(4))];
  }));
}

function showThreshold() {
  const threshold = Number($('threshold').value), { answer } = shown.outcome;
  $('threshold-shown').value = threshold.toFixed(2);
  if (!answer || !answer.data) return;
  const { nsfw_score: score, verdict } = answer.data, { questionable, nsfw } = cutsOf(answer);
  const fill = createElement('i');
  fill.style.width = score * 100 + '%';
  const marks = [['questionable', questionable], ['nsfw', nsfw]].flatMap(([name, at]) => {
    const line = createElement('b'), text = createElement('span', '', `${name} ${at}`);
    line.style.left = text.style.left = at * 100 + '%';
    return [line, text];
  });
  $('scale').className = verdict;
  $('scale').setAttribute('aria-label', `Score ${score} out of 1: questionable from ${questionable}, nsfw from ${nsfw}`);
  $('scale').replaceChildren(fill, ...marks);
  $('against').textContent = `With threshold ${threshold.toFixed(2)}, /v1/check returns safe: ${score < threshold}. ` +
    `There, safe means a score below the threshold; on /v1/classify, it means the verdict safe: a score below ${questionable}.`;
}

async function showPicture(image, data) {
  const drawn = image.file && await image.drawn, { kind } = image.outcome;
  if (image !== shown) return;
  $('picture').hidden = !image.name;
  $('stage').hidden = !drawn;
  if (drawn) { $('image').src = image.preview; $('image').alt = image.name; } else $('image').removeAttribute('src');
  $('no-preview').textContent = drawn ? '' : !image.file
    ? 'No preview: this page loads nothing from other hosts.'
    : `No preview: this browser cannot draw the file${data ? ', but the service can' : kind === 'error' ? '' : '. The service may be able to'}.`;
  const maps = drawn && data ? Object.keys(data.heatmaps || {}) : [];
  $('class').replaceChildren(...maps.map(name => createElement('option', '', name)));
  $('class').value = maps.reduce((a, b) => (data.classes[b] > data.classes[a] ? b : a), maps[0]);
  $('map-controls').hidden = !maps.length;
  drawMap();
}

function drawMap() {
  const { answer } = shown.outcome, canvas = $('map');
  const grid = answer && answer.data && answer.data.heatmaps && answer.data.heatmaps[$('class').value];
  canvas.style.opacity = $('opacity').value;
  if (!grid) return canvas.getContext('2d').clearRect(0, 0, canvas.width, canvas.height);
  const small = document.createElement('canvas');
  small.height = grid.length; small.width = grid[0].length;
  const pixels = small.getContext('2d').createImageData(small.width, small.height);
  const top = Math.max(1, ...grid.flat().map(Math.abs));
  grid.flat().forEach((value, at) => {
    const [red, green, blue] = value > 0 ? [215, 30, 40] : [30, 90, 200];
    pixels.data.set([red, green, blue, Math.round(255 * Math.min(1, Math.abs(value) / top))], at * 4);
  });
  small.getContext('2d').putImageData(pixels, 0, 0);
  canvas.width = canvas.height = 224;
  canvas.getContext('2d').drawImage(small, 0, 0, 224, 224);
}

/** Returns the image's row in the list of several. */
function createRow(image) {
  const row = createElement('li'), button = createElement('button'), thumbnail = createElement('img');
  button.type = 'button';
  thumbnail.alt = '';
  image.drawn.then(drawn => { if (drawn) thumbnail.src = image.preview; });
  button.append(thumbnail, createElement('span', '', image.name), createElement('b'));
  button.addEventListener('click', () => { show(image); reveal(); });
  row.append(button);
  return row;
}

function showList() {
  $('several').hidden = images.length < 2;
  [...$('list').children].forEach((row, index) => {
    const { kind, title } = images[index].outcome, state = row.querySelector('b');
    state.className = kind;
    state.textContent = title;
    row.firstChild.setAttribute('aria-current', images[index] === shown);
  });
}

/** Scrolls to the verdict if it is out of sight, as on phones. */
function reveal() {
  const { top, bottom } = $('verdict').getBoundingClientRect();
  if (top < 0 || bottom > innerHeight) $('result').scrollIntoView();
}

function showProgress(text) {
  if (images.length !== 1 && $('progress').textContent !== text) $('progress').textContent = text;
}

function summary() {
  const count = kind => images.filter(image => image.outcome.kind === kind).length;
  const parts = SETTLED.map(kind => [count(kind), kind === 'error' ? 'not classified' : kind]);
  return `${images.length} images: ${parts.filter(([number]) => number).map(([number, name]) => `${number} ${name}`).join(', ')}.`;
}
