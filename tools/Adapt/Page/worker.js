// Segments images with the adapted network, away from the page's own thread.

import { prepare, resize } from './prepare.js';
import { runTiled } from './tiles.js';
import { computeMasks } from './masks.js';

let session = null;
let ort = null;

async function open() {
  ort = await import('/ort/ort.wasm.min.mjs');
  ort.env.wasm.wasmPaths = new URL('/ort/', self.location).href;
  ort.env.wasm.numThreads = self.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency || 1) : 1;
  const response = await fetch('/api/model');
  if (!response.ok) throw new Error(await response.text());
  return ort.InferenceSession.create(new Uint8Array(await response.arrayBuffer()), { executionProviders: ['wasm'] });
}

async function segment(image, settings) {
  session ??= await open();
  const prepared = prepare(image, settings);
  const run = async (data, height, width) => {
    const input = new ort.Tensor('float32', data, [1, settings.inputChannels, height, width]);
    const result = await session.run({ [settings.inputName]: input }, [settings.outputName]);
    return result[settings.outputName].data;
  };
  let outputs = await runTiled(prepared, settings, run, (done, total) => postMessage({ done, total }));
  if (outputs.data.some(v => !Number.isFinite(v))) {
    throw new Error('The network gave a value that is not a number: the weights are damaged, or do not fit the image.');
  }
  if (settings.resample) outputs = resize(outputs, image.height, image.width);
  return computeMasks(outputs, settings, image.height, image.width);
}

self.onmessage = async ({ data: { image, settings } }) => {
  try {
    const labels = await segment(image, settings);
    postMessage({ labels }, [labels.buffer]);
  } catch (e) {
    postMessage({ error: e instanceof Error ? e.message : String(e) });
  }
};
