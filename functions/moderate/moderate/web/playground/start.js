const MOST_IMAGES = 10;
const INVITATION = $('chosen').textContent;

function selectFiles(files) {
  const chosen = [...files].slice(0, MOST_IMAGES);
  if (!chosen.length) return;
  $('url').value = '';
  const left = files.length > MOST_IMAGES ? ` Only the first ${MOST_IMAGES} of ${files.length} were taken.` : '';
  $('chosen').textContent = chosen.length > 1 ? `${chosen.length} images.${left}` : `${chosen[0].name || 'Pasted image'} (${fileSize(chosen[0].size)})`;
  $('chosen-hint').textContent = 'Drop, paste or choose others';
  setImages(chosen.map(file => newImage(file)));
  if ($('key').value.trim() || !SETTINGS.keys) return classify();
  askForKey('quiet');
}

function unselectFiles() {
  $('chosen').textContent = INVITATION;
  $('chosen-hint').textContent = `${SETTINGS.formats}. Up to ${MOST_IMAGES} at once, each in a call of its own.`;
}

function showKeySource() {
  const link = createElement('a', '', 'Ask whoever runs this service.');
  link.href = SETTINGS.contact;
  // A page on this machine is mostly read by whoever runs the service.
  const local = ['localhost', '127.0.0.1', '[::1]'].includes(location.hostname);
  $('key-source').append('No key yet? ', SETTINGS.contact ? link : local
    ? 'If you started the service with make run, its terminal shows a key for each plan. With sam local, use the sample key of the README.'
    : 'Ask whoever runs this service for one.');
}

document.querySelectorAll('[data-relative]').forEach(link => { link.href = BASE + link.getAttribute('href'); });
$('policy').options[0].textContent = `the operator's default: ${SETTINGS.policy}`;
$('key-field').hidden = !SETTINGS.keys;
showKeySource();

$('key').addEventListener('input', () => { $('left').textContent = ''; });
$('form').addEventListener('submit', event => { event.preventDefault(); classify(); });
// Otherwise choosing the same file again would change nothing.
$('drop').addEventListener('click', () => { $('file').value = ''; $('file').click(); });
$('file').addEventListener('change', () => selectFiles($('file').files));
for (const name of ['dragover', 'dragleave', 'drop']) {
  document.addEventListener(name, event => {
    // Text may be dragged into a field.
    if (!event.dataTransfer.types.includes('Files')) return;
    event.preventDefault();
    $('drop').classList.toggle('over', name === 'dragover');
    if (name === 'drop') selectFiles(event.dataTransfer.files);
  });
}
document.addEventListener('paste', event => selectFiles(event.clipboardData.files));
$('url').addEventListener('input', () => {
  if ($('url').value && images.length) { setImages([]); unselectFiles(); }
  showCode();
});
$('policy').addEventListener('change', () => { showCode(); if (images.some(image => image.outcome.answer)) classify(); });
$('threshold').addEventListener('input', showThreshold);
$('opacity').addEventListener('input', drawMap);
$('class').addEventListener('change', drawMap);
$('language').addEventListener('change', showCode);
$('copy').addEventListener('click', async () => {
  await navigator.clipboard.writeText($('code').textContent);
  $('copied').textContent = 'Copied.';
});
unselectFiles();
$('threshold').value = CUTS.nsfw;
show(EMPTY);
