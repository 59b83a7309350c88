// Every frame of an animation as ImageDecoder composes it: its sizes, and RGBA behind one another. Nothing of a still.
async function framesOf(data, type, most) { // eslint-disable-line no-unused-vars
  const sizes = [], parts = [];
  try {
    const decoder = new ImageDecoder({ type, data });
    await decoder.completed;
    await decoder.tracks.ready;
    const { frameCount, animated } = decoder.tracks.selectedTrack;
    for (let frameIndex = 0; animated && frameIndex < Math.min(frameCount, most); frameIndex++) {
      const { image } = await decoder.decode({ frameIndex });
      const { displayWidth: width, displayHeight: height } = image;
      const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
      context.drawImage(image, 0, 0);
      image.close();
      sizes.push([width, height]);
      parts.push(context.getImageData(0, 0, width, height).data);
    }
  } catch {
    // What was decoded before is shown none the less.
  }
  return { sizes, levels: new Uint8Array(await new Blob(parts).arrayBuffer()) };
}
