// Segments an image that was dropped on the page, with the run's model, in this browser.

let worker = null;

// The server only takes the file apart, with the code that `segment` reads images with; nothing of it is kept.
export async function decode(file) {
  const response = await fetch('/api/decode', { method: 'POST', body: file });
  if (!response.ok) throw new Error(await response.text());
  const buffer = await response.arrayBuffer();
  const [channels, height, width] = new Int32Array(buffer, 0, 3);
  return { channels, height, width, data: new Float32Array(buffer, 12) };
}

// Gives the masks, an Int32Array of [height, width].
export function segment(image, settings, progress) {
  worker ??= new Worker('/page/worker.js', { type: 'module' });
  return new Promise((resolve, reject) => {
    const fail = message => {
      worker.terminate();
      worker = null;
      reject(new Error(message));
    };
    worker.onmessage = ({ data }) => {
      if (data.labels) resolve(data.labels);
      else if (data.error) fail(data.error);
      else progress(data.done, data.total);
    };
    worker.onerror = e => fail(e.message || 'The worker could not be started.');
    worker.postMessage({ image, settings });
  });
}

// Masks as NPY: what Python, Fiji's readers and this program open.
export function npy(labels, height, width) {
  const header = `{'descr': '<i4', 'fortran_order': False, 'shape': (${height}, ${width}), }`;
  const text = header.padEnd(Math.ceil((10 + header.length + 1) / 64) * 64 - 11) + '\n';
  const start = new Uint8Array(10 + text.length);
  start.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length & 255, text.length >> 8]);
  start.set(new TextEncoder().encode(text), 10);
  return new Blob([start, labels]);
}
