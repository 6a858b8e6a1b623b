// Strokes on one image: painted by a round brush, undone, drawn as a layer, sent to the server rectangle by rectangle.

import { get } from './dom.js';
import { onCanvas, TILE } from './pixels.js';

export const NOTHING = 0;
export const BACKGROUND = 1;
export const OBJECT = 2;
// Amber and blue (the style sheet's keys have them, too): told apart with any kind of colour vision, and from outlines.
const BYTES = { [BACKGROUND]: 0xe6ff8c3f, [OBJECT]: 0xe600a6ff };

const MOST_UNDONE = 100;
const MOST_SENT = 8 << 20;

export class Strokes {
  #undo = [];
  #changed = null;
  #last = null;
  #sending = Promise.resolve();

  constructor(url, labels, height, width) {
    Object.assign(this, { url, labels, height, width });
  }

  static async fetch(url, signal) {
    const buffer = await (await get(url, signal)).arrayBuffer();
    const [height, width] = new Int32Array(buffer, 0, 2);
    return new Strokes(url, new Uint8Array(buffer, 8), height, width);
  }

  get canUndo() { return this.#undo.length > 0; }

  // Painted pixels of objects and of background.
  counts() {
    const counts = [0, 0, 0];
    for (const v of this.labels) counts[v]++;
    return { objects: counts[OBJECT], background: counts[BACKGROUND] };
  }

  begin() {
    this.#changed = new Map();
    this.#last = null;
  }

  // Draws on from the last place to here; gives the rectangle that may have changed, or null.
  to([y, x], value, radius) {
    if (!this.#changed) return null;
    const [fromY, fromX] = this.#last ?? [y, x];
    this.#last = [y, x];
    const steps = Math.max(1, Math.ceil(Math.hypot(y - fromY, x - fromX) / Math.max(0.5, radius / 2)));
    for (let i = 1; i <= steps; i++) this.#dab(fromY + (y - fromY) * i / steps, fromX + (x - fromX) * i / steps, value, radius);
    return this.#within(Math.min(y, fromY) - radius - 1, Math.min(x, fromX) - radius - 1, Math.max(y, fromY) + radius + 1, Math.max(x, fromX) + radius + 1);
  }

  // Ends a stroke; gives its rectangle, or null where nothing has changed.
  end() {
    const changed = this.#changed;
    this.#changed = null;
    if (!changed?.size) return null;
    const places = Int32Array.from(changed.keys());
    this.#undo.push({ places, before: Uint8Array.from(changed.values()) });
    if (this.#undo.length > MOST_UNDONE) this.#undo.shift();
    return this.#around(places);
  }

  undo() {
    const last = this.#undo.pop();
    if (!last) return null;
    last.places.forEach((place, i) => { this.labels[place] = last.before[i]; });
    return this.#around(last.places);
  }

  clear() {
    this.begin();
    this.labels.forEach((v, place) => { if (v) this.#set(place, NOTHING); });
    return this.end();
  }

  // Sends a rectangle, after what is being sent; done once the server has it on its disk.
  send(part) {
    const rows = Math.max(1, Math.floor(MOST_SENT / part.width));
    for (let done = 0; done < part.height; done += rows) {
      const body = this.#pack({ ...part, top: part.top + done, height: Math.min(rows, part.height - done) });
      this.#sending = this.#sending.catch(() => {}).then(async () => {
        const response = await fetch(this.url, { method: 'POST', body });
        if (!response.ok) throw new Error(await response.text());
      });
    }
    return this.#sending;
  }

  // A tile of the layer; where the screen has fewer pixels, one that is painted is not left out.
  paint(level, ty, tx, levels) {
    const step = 2 ** level;
    const [top, left] = [ty * TILE, tx * TILE];
    const [h, w] = [Math.min(TILE, levels[level].height - top), Math.min(TILE, levels[level].width - left)];
    const picture = new ImageData(w, h);
    const out = new Uint32Array(picture.data.buffer);
    for (let y = 0, i = 0; y < h; y++) {
      for (let x = 0; x < w; x++, i++) {
        const value = this.#most((top + y) * step, (left + x) * step, step);
        if (value) out[i] = BYTES[value];
      }
    }
    return onCanvas(picture);
  }

  #most(y, x, step) {
    if (step === 1) return this.labels[y * this.width + x];
    let most = 0;
    for (let r = y; r < Math.min(this.height, y + step); r++) {
      for (let c = x, at = r * this.width + x; c < Math.min(this.width, x + step); c++, at++) most = Math.max(most, this.labels[at]);
    }
    return most;
  }

  #dab(cy, cx, value, radius) {
    const part = this.#within(cy - radius - 1, cx - radius - 1, cy + radius + 1, cx + radius + 1);
    if (!part) return;
    for (let y = part.top; y < part.top + part.height; y++) {
      for (let x = part.left; x < part.left + part.width; x++) {
        // A brush of one pixel paints the pixel that it is in.
        const inside = radius <= 0.5 ? Math.floor(cy) === y && Math.floor(cx) === x
          : (y + 0.5 - cy) ** 2 + (x + 0.5 - cx) ** 2 <= radius * radius;
        if (inside) this.#set(y * this.width + x, value);
      }
    }
  }

  #set(place, value) {
    if (this.labels[place] === value) return;
    if (!this.#changed.has(place)) this.#changed.set(place, this.labels[place]);
    this.labels[place] = value;
  }

  #within(top, left, bottom, right) {
    [top, left] = [Math.max(0, Math.floor(top)), Math.max(0, Math.floor(left))];
    [bottom, right] = [Math.min(this.height, Math.ceil(bottom) + 1), Math.min(this.width, Math.ceil(right) + 1)];
    return bottom > top && right > left ? { top, left, height: bottom - top, width: right - left } : null;
  }

  #around(places) {
    let [top, left, bottom, right] = [Infinity, Infinity, -1, -1];
    for (const place of places) {
      const [y, x] = [Math.floor(place / this.width), place % this.width];
      [top, left, bottom, right] = [Math.min(top, y), Math.min(left, x), Math.max(bottom, y), Math.max(right, x)];
    }
    return { top, left, height: bottom - top + 1, width: right - left + 1 };
  }

  #pack({ top, left, height, width }) {
    const body = new Uint8Array(16 + height * width);
    new Int32Array(body.buffer, 0, 4).set([top, left, height, width]);
    for (let y = 0; y < height; y++) {
      const at = (top + y) * this.width + left;
      body.set(this.labels.subarray(at, at + width), 16 + y * width);
    }
    return body;
  }
}
