// The forest's map of what is seen, and the objects in it: asked for anew after every stroke, the last asked only.

import { get } from './dom.js';
import { onCanvas, TILE } from './pixels.js';

const MOST_MAP = 3e5;
const MOST_OBJECTS = 4 << 20;
const MOST_LABELS = 16 << 20;
const AMBER = 0x0000a6ff;

export class ForestMap {
  opacity = 0.5;
  #shown = null;
  #asking = new AbortController();

  constructor(url, height, width) { Object.assign(this, { url, height, width }); }

  // Whether what is shown is enough for what is seen.
  covers(view) {
    const s = this.#shown;
    return Boolean(s && view && s.step <= view.step && s.top <= view.top && s.left <= view.left
      && s.top + s.height >= view.top + view.height && s.left + s.width >= view.left + view.width);
  }

  stop() { this.#asking.abort(); }

  // mapped(): the map is there; found(labels or null, why): the objects are. Neither is called where another asks meanwhile.
  async ask(view, mapped, found) {
    this.stop();
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    const part = this.#part(view);
    const map = await this.#bytes('map', part, signal);
    if (signal.aborted) return;
    this.#shown = map && { ...part, data: new Uint8Array(map) };
    mapped(Boolean(map));
    if (!map) return found(null, '');
    const exact = this.#exact(view);
    if (!exact) return found(null, 'Zoom in to see objects: this part is too large to do at once.');
    const buffer = await this.#bytes('objects', exact, signal);
    if (signal.aborted || !buffer) return;
    const [height, width, bytes] = new Int32Array(buffer, 0, 3);
    const end = 12 + bytes * height * width;
    const labels = bytes === 2 ? new Uint16Array(buffer, 12, height * width) : new Int32Array(buffer, 12, height * width);
    this.#shown = { ...exact, data: new Uint8Array(buffer, end) };
    mapped(true);
    if (this.height * this.width > MOST_LABELS) return found(null, 'Objects are not drawn in images this large.');
    const all = new Int32Array(this.height * this.width);
    for (let y = 0; y < height; y++) all.set(labels.subarray(y * width, (y + 1) * width), (exact.top + y) * this.width + exact.left);
    found(all, '');
  }

  forget() {
    this.stop();
    this.#shown = null;
  }

  paint(level, ty, tx, levels) {
    const s = this.#shown;
    const scale = 2 ** level;
    const [top, left] = [ty * TILE, tx * TILE];
    const [h, w] = [Math.min(TILE, levels[level].height - top), Math.min(TILE, levels[level].width - left)];
    const picture = new ImageData(w, h);
    if (!s) return onCanvas(picture);
    const out = new Uint32Array(picture.data.buffer);
    const alphas = Uint32Array.from({ length: 256 }, (_, p) => (Math.round(p * this.opacity) << 24 | AMBER) >>> 0);
    const columns = Math.ceil(s.width / s.step);
    const place = Int32Array.from({ length: w }, (_, x) => {
      const column = Math.floor(((left + x) * scale - s.left) / s.step);
      return column >= 0 && column < columns ? column : -1;
    });
    for (let y = 0; y < h; y++) {
      const row = Math.floor(((top + y) * scale - s.top) / s.step);
      if (row < 0 || row * s.step >= s.height) continue;
      for (let x = 0; x < w; x++) if (place[x] >= 0) out[y * w + x] = alphas[s.data[row * columns + place[x]]];
    }
    return onCanvas(picture);
  }

  async #bytes(what, part, signal) {
    const query = ['top', 'left', 'height', 'width', 'step'].map(n => `${n}=${part[n]}`).join('&');
    try {
      const response = await get(`${this.url(what)}&${query}`, signal);
      return response.status === 204 ? null : await response.arrayBuffer();
    } catch (e) {
      if (signal.aborted) return null;
      throw e;
    }
  }

  // What is seen, from whole steps on, coarse enough to be quick.
  #part({ top, left, height, width, step }) {
    while (Math.ceil(height / step) * Math.ceil(width / step) > MOST_MAP && step < 64) step *= 2;
    const [y, x] = [top - top % step, left - left % step];
    return { top: y, left: x, height: top + height - y, width: left + width - x, step };
  }

  // All of the image where that takes moments, else what is seen.
  #exact({ top, left, height, width }) {
    if (this.height * this.width <= MOST_OBJECTS) return { top: 0, left: 0, height: this.height, width: this.width, step: 1 };
    return height * width <= MOST_OBJECTS ? { top, left, height, width, step: 1 } : null;
  }
}
