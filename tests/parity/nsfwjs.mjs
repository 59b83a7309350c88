// Judges raw RGB files with nsfwjs itself: one JSON request on stdin, one JSON answer on stdout.
//   {"model": "MobileNetV2", "images": [{"path": "…", "width": 224, "height": 224}]}
//   [{"drawing": 0.1, …}, …]
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { createRequire } from "node:module";
import * as tf from "@tensorflow/tfjs";
import { setThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { load } from "nsfwjs";

console.info = console.warn = console.log = () => {}; // stdout is the answer's

const require = createRequire(import.meta.url);
setWasmPaths(`${dirname(require.resolve("@tensorflow/tfjs-backend-wasm"))}/`);
setThreadsCount(1);
await tf.setBackend("wasm");

const { model, images } = JSON.parse(readFileSync(0, "utf8"));
const judge = await load(model);
const answers = [];
for (const { path, width, height } of images) {
  const image = tf.tensor3d(new Uint8Array(readFileSync(path)), [height, width, 3], "int32");
  const classes = await judge.classify(image, 5);
  image.dispose();
  answers.push(Object.fromEntries(classes.map((c) => [c.className.toLowerCase(), c.probability])));
}
process.stdout.write(JSON.stringify(answers));
