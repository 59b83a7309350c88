// A copy must keep to the pixels and the sides that every format allows, and to what phones can draw at once.
const COPY_PIXELS = 12e6, COPY_SIDE = 16000, COPY_QUALITY = 0.9;

// An animation would play as long as it is shown.
const STILL = matchMedia('(prefers-reduced-motion: reduce)').matches, STILL_SIDE = 1000;

/** An image that was chosen: a file, or the URL of one. `copy` is what is sent instead of a file that is too large. */
function newImage(file, url = '') {
  const name = file ? file.name || 'Pasted image' : url;
  const image = { name, file, url, copy: null, element: null, drawn: null, preview: '', outcome: outcome('quiet', 'Not classified yet') };
  if (file) {
    image.element = new Image();
    image.element.src = URL.createObjectURL(file);
    image.drawn = image.element.decode().then(() => {
      const { naturalWidth, naturalHeight, src } = image.element;
      image.preview = STILL ? draw(image.element, Math.min(1, STILL_SIDE / Math.max(naturalWidth, naturalHeight))).toDataURL() : src;
      return true;
    }).catch(() => false);
  }
  return image;
}

function forget(image) {
  if (image.element) URL.revokeObjectURL(image.element.src);
}

/** Returns the file or, if it is too large, a copy. Raises an Error whose message says why nothing can be sent. */
async function sendable(image) {
  const { file } = image;
  if (!file.size) throw new Error('The file is empty.');
  await file.slice(0, 1).arrayBuffer().catch(() => { throw new Error('The file cannot be read. Is it a folder, or was it moved?'); });
  if (image.copy) return image.copy.blob;
  if (file.size <= SETTINGS.sentBytes) return file;
  return shrink(image, `This file of ${megabytes(file.size)} is larger than the ${SETTINGS.sent} that a call can carry`);
}

/** reason: why the file cannot be judged as it is. */
async function shrink(image, reason) {
  const refuse = why => { throw new Error(`${reason}. ${why} Enter its URL instead (up to ${SETTINGS.fetched}), or choose a smaller file.`); };
  if (!await image.drawn) refuse('This browser cannot draw the file, so it cannot shrink it either.');
  // Only the first picture of an animation would be left, and a verdict on that is none on the animation.
  if (await mayBeAnimated(image.file)) refuse('Only stills can be shrunk here, and this file may be an animation.');
  const copy = await drawCopy(image);
  if (!copy) refuse('This browser could not shrink it.');
  const size = `${copy.width} × ${copy.height} pixels, ${fileSize(copy.blob.size)}`;
  image.copy = { ...copy, note: `${reason}, so your browser shrank it. The verdict, and the sha256 in the answer, are those of the copy: ${size}.` };
  return copy.blob;
}

async function mayBeAnimated(file) {
  const bytes = new TextDecoder('latin1').decode(await file.arrayBuffer());
  // The marks of animated GIFs, PNGs, WebPs and AVIFs. JPEGs show a single picture, though a film may follow it.
  return !bytes.startsWith('ÿØÿ') && /^GIF8|acTL|ANIM|moov/.test(bytes);
}

/** Returns { blob, width, height }, small enough to be sent; nothing if the browser cannot. */
async function drawCopy({ file, element }) {
  const { naturalWidth, naturalHeight } = element;
  // WebP keeps transparency. Where a browser cannot write it, it writes PNG.
  const type = file.type === 'image/jpeg' ? 'image/jpeg' : 'image/webp';
  let scale = Math.min(1, COPY_SIDE / Math.max(naturalWidth, naturalHeight), Math.sqrt(COPY_PIXELS / (naturalWidth * naturalHeight)));
  for (;;) {
    const canvas = draw(element, scale);
    const blob = await new Promise(resolve => canvas.toBlob(resolve, type, COPY_QUALITY));
    if (!blob) return null;
    if (blob.size <= SETTINGS.sentBytes) return { blob, width: canvas.width, height: canvas.height };
    scale *= Math.min(0.9, Math.sqrt(SETTINGS.sentBytes / blob.size));
  }
}

/** Returns a canvas with an image, of an animation the first picture. */
function draw(element, scale) {
  const canvas = document.createElement('canvas'), context = canvas.getContext('2d');
  const [width, height] = [element.naturalWidth, element.naturalHeight].map(side => Math.max(1, Math.floor(side * scale)));
  Object.assign(canvas, { width, height });
  context.imageSmoothingQuality = 'high';
  context.drawImage(element, 0, 0, width, height);
  return canvas;
}
