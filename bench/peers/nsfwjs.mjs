// nsfwjs in Node on tfjs-wasm, with one thread and SIMD. worker.py describes the protocol.
// nsfwjs has no decoder, so sharp (libvips), the fastest library for Node, decodes and shrinks the photos.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import * as tf from "@tensorflow/tfjs";
import { setThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { load } from "nsfwjs";
import sharp from "sharp";

console.info = console.warn = console.log = () => {}; // stdout is only for answers

const SIZE = 224;
const require = createRequire(import.meta.url);
const versionOf = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version;
const sendAnswer = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);

setWasmPaths(`${dirname(require.resolve("@tensorflow/tfjs-backend-wasm"))}/`);
setThreadsCount(1);
sharp.concurrency(1);
sharp.cache(false);
await tf.setBackend("wasm");
const judge = await load("MobileNetV2");

async function pixels(file) {
  const small = sharp(file).resize(SIZE, SIZE, { fit: "fill" }).removeAlpha().toColourspace("srgb");
  return new Uint8Array(await small.raw().toBuffer());
}

async function classify(rgb) {
  const image = tf.tensor3d(rgb, [SIZE, SIZE, 3], "int32");
  const classes = await judge.classify(image, 5);
  image.dispose();
  return classes;
}

const operations = {
  decode: async (file) => () => pixels(file),
  async infer(file) {
    const rgb = await pixels(file);
    return () => classify(rgb);
  },
  judge: async (file) => async () => classify(await pixels(file)),
};

const names = ["nsfwjs", "@tensorflow/tfjs", "@tensorflow/tfjs-backend-wasm", "sharp"];
sendAnswer({
  node: process.version,
  versions: Object.fromEntries(names.map((name) => [name, versionOf(name)])),
  threads: 1,
  simd: await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT"),
  model: "MobileNetV2",
});
for await (const line of createInterface({ input: process.stdin })) {
  const { operation, paths } = JSON.parse(line);
  const call = await operations[operation](readFileSync(paths[0]));
  const start = process.hrtime.bigint();
  const before = process.cpuUsage();
  await call();
  const wall = Number(process.hrtime.bigint() - start) / 1e9;
  await setTimeout(3); // as in worker.py
  const { user, system } = process.cpuUsage(before);
  sendAnswer({ wall, cpu: (user + system) / 1e6 });
}
