// Label images: fetched, described, paired, and drawn as tiles or as paths.

import { get } from './dom.js';
import { describe, pair, pathOf } from './outlines.js';
import { onCanvas, TILE } from './pixels.js';

export const KINDS = { same: '#ffd84a', lost: '#ff5ad1', gained: '#39d5ff', drawn: '#ffffff' };

// pixels: the image as it is shown, which may be smaller than the one that was segmented.
export async function fetchCells(url, pixels, signal) {
  const buffer = await (await get(url, signal)).arrayBuffer();
  const [height, width, bytes] = new Int32Array(buffer, 0, 3);
  const labels = bytes === 2 ? Int32Array.from(new Uint16Array(buffer, 12)) : new Int32Array(buffer, 12);
  const times = Math.max(1, Math.round(width / pixels.width));
  return times === 1 ? cellsOf(labels, height, width, 1)
    : cellsOf(everyNth(labels, width, times, pixels), pixels.height, pixels.width, times);
}

export function cellsOf(labels, height, width, times) {
  const side = describe(labels, height, width);
  for (const cell of side.cells) cell.diameter = times * 2 * Math.sqrt(cell.area / Math.PI);
  return side;
}

function everyNth(labels, width, times, pixels) {
  const small = new Int32Array(pixels.height * pixels.width);
  for (let y = 0, i = 0; y < pixels.height; y++) {
    for (let x = 0; x < pixels.width; x++, i++) small[i] = labels[y * times * width + x * times];
  }
  return small;
}

// Marks cells as lost or gained; gives how many. Both sides get kinds of this pair.
export function compare(before, after) {
  pair(before, after);
  return {
    lost: before.cells.filter(c => c.kind === 'lost').length,
    gained: after.cells.filter(c => c.kind === 'gained').length,
  };
}

export function medianDiameter(cells) {
  const sorted = cells.map(c => c.diameter).sort((a, b) => a - b);
  return sorted.length ? sorted[sorted.length >> 1] : 0;
}

const bgr = colour => {
  const n = parseInt(colour.slice(1), 16);
  return 0xff000000 | (n & 255) << 16 | (n & 0xff00) | n >> 16;
};

// Draws a side: tiles where cells are many, paths where they are few.
export class CellPainter {
  #paths = new Map();
  #edges;

  constructor(side) {
    this.side = side;
    const most = side.cells.reduce((m, c) => Math.max(m, c.label), 0);
    this.#edges = new Uint32Array(most + 1);
    for (const c of side.cells) this.#edges[c.label] = bgr(KINDS[c.kind]);
  }

  // level: the image's sides are 2^level times smaller.
  paint(level, ty, tx, levelHeight, levelWidth, { outlines, fill }) {
    const { labels, height, width } = this.side;
    const step = 1 << level;
    const [top, left] = [ty * TILE, tx * TILE];
    const [h, w] = [Math.min(TILE, levelHeight - top), Math.min(TILE, levelWidth - left)];
    const picture = new ImageData(w, h);
    const out = new Uint32Array(picture.data.buffer);
    for (let y = 0, i = 0; y < h; y++) {
      const row = (top + y) * step;
      if (row >= height) break;
      for (let x = 0; x < w; x++, i++) {
        const column = (left + x) * step;
        const at = row * width + column;
        const label = labels[at];
        if (label === 0 || column >= width) continue;
        const edge = outlines && (column < step || labels[at - step] !== label || column + step >= width || labels[at + step] !== label
          || row < step || labels[at - step * width] !== label || row + step >= height || labels[at + step * width] !== label);
        if (edge) out[i] = this.#edges[label];
        else if (fill) out[i] = (this.#edges[label] & 0xffffff) | 0x50000000;
      }
    }
    return onCanvas(picture);
  }

  // The visible cells as paths in image pixels.
  stroke(context, scale, visible) {
    for (const cell of visible) {
      let path = this.#paths.get(cell.label);
      if (!path) this.#paths.set(cell.label, path = pathOf(this.side, cell));
      context.lineWidth = (cell.kind === 'same' ? 1.4 : 2.1) / scale;
      context.strokeStyle = KINDS[cell.kind];
      context.setLineDash(cell.kind === 'lost' ? [5 / scale, 3 / scale] : []);
      context.stroke(path);
    }
    context.setLineDash([]);
  }
}
