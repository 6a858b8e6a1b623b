// An image as the server sends it: planes of whole numbers, their smaller copies, and how they become colours.

import { get } from './dom.js';
import { factsOf } from './planes.js';

export const TILE = 256;
export const COLOURS = {
  gray: [255, 255, 255], red: [255, 0, 0], green: [0, 255, 0], blue: [0, 0, 255], magenta: [255, 0, 255], cyan: [0, 255, 255],
  yellow: [255, 255, 0],
};

export async function fetchImage(url, signal) {
  const response = await get(url, signal);
  const buffer = await response.arrayBuffer();
  const [channels, height, width, bytes, fullHeight, fullWidth] = new Int32Array(buffer, 0, 6);
  const [scale, offset] = new Float32Array(buffer, 24, 2);
  const Samples = bytes === 1 ? Uint8Array : Uint16Array;
  const planes = Array.from({ length: channels }, (_, c) => new Samples(buffer, 32 + c * bytes * height * width, height * width));
  const pixels = new Pixels({ height, width, planes, top: bytes === 1 ? 255 : 65535, scale, offset, fullHeight, fullWidth });
  return Object.assign(pixels, { stack: factsOf(response) });
}

// An image that the page has as numbers of any range.
export function pixelsOf({ channels, height, width, data }) {
  let [low, high] = [Infinity, -Infinity];
  for (const v of data) {
    if (v < low) low = v;
    if (v > high) high = v;
  }
  const scale = high > low ? (high - low) / 65535 : 1;
  const size = height * width;
  const planes = Array.from({ length: channels }, (_, c) => Uint16Array.from(data.subarray(c * size, (c + 1) * size), v => Math.round((v - low) / scale)));
  return new Pixels({ height, width, planes, top: 65535, scale, offset: low, fullHeight: height, fullWidth: width });
}

export class Pixels {
  #histograms = [];

  constructor({ height, width, planes, top, scale, offset, fullHeight, fullWidth }) {
    Object.assign(this, { height, width, top, scale, offset, fullHeight, fullWidth });
    this.levels = [{ height, width, planes }];
    while (Math.max(this.#last.height, this.#last.width) > 2 * TILE) this.levels.push(halve(this.#last));
    this.channels = planes.length;
  }

  get #last() { return this.levels.at(-1); }

  // The value below which a share (0 to 1) of a channel's pixels lies, by the smallest copy that still has many.
  percentile(channel, share) {
    const counts = this.#histograms[channel] ??= this.#count(channel);
    let left = share * counts.total;
    for (let v = 0; v <= this.top; v++) {
      left -= counts.bins[v];
      if (left <= 0) return v;
    }
    return this.top;
  }

  #count(channel) {
    const level = this.levels.findLast(l => l.height * l.width > 60000) ?? this.levels[0];
    const bins = new Uint32Array(this.top + 1);
    for (const v of level.planes[channel]) bins[v]++;
    return { bins, total: level.height * level.width };
  }

  // Values as they were in the file, for a network that runs in the page.
  floats() {
    const size = this.height * this.width;
    const data = new Float32Array(this.channels * size);
    this.levels[0].planes.forEach((plane, c) => {
      for (let i = 0; i < size; i++) data[c * size + i] = this.offset + this.scale * plane[i];
    });
    return { channels: this.channels, height: this.height, width: this.width, data };
  }
}

function halve({ height, width, planes }) {
  const [h, w] = [Math.max(1, height >> 1), Math.max(1, width >> 1)];
  return {
    height: h, width: w,
    planes: planes.map(plane => {
      const small = new plane.constructor(h * w);
      for (let y = 0; y < h; y++) {
        let from = 2 * y * width;
        for (let x = 0, to = y * w; x < w; x++, to++, from += 2) {
          small[to] = (plane[from] + plane[from + 1] + plane[from + width] + plane[from + width + 1]) >> 2;
        }
      }
      return small;
    }),
  };
}

// How channels are shown: [{ on, colour, low, high }] in shares of 0 to 1, and one gamma.
// A photograph is shown as it is; each channel of a fluorescence image is stretched for itself.
export function standardView({ channels, top }) {
  const photograph = channels === 3 && top === 255;
  const colours = channels === 1 ? ['gray'] : channels === 2 ? ['green', 'magenta'] : ['red', 'green', 'blue', 'gray', 'cyan', 'yellow'];
  return {
    gamma: 1,
    channels: Array.from({ length: channels }, (_, c) => ({ on: c < 4, colour: colours[c % colours.length], low: photograph ? 0 : 0.005, high: photograph ? 1 : 0.998 })),
  };
}

// Draws tiles of an image with a view.
export class TilePainter {
  constructor(pixels, view) {
    this.pixels = pixels;
    this.luts = view.channels.map((c, i) => {
      if (!c.on || i >= pixels.channels) return null;
      const [low, high] = [pixels.percentile(i, c.low), pixels.percentile(i, c.high)];
      const lut = new Float32Array(pixels.top + 1);
      for (let v = 0; v <= pixels.top; v++) {
        lut[v] = Math.min(1, Math.max(0, (v - low) / Math.max(1, high - low))) ** (1 / view.gamma);
      }
      return { lut, colour: COLOURS[c.colour], plane: i };
    }).filter(l => l);
    this.direct = this.luts.length === 1
      ? Uint32Array.from(this.luts[0].lut, v => {
        const [r, g, b] = this.luts[0].colour;
        return 0xff000000 | (v * b) << 16 | (v * g) << 8 | (v * r);
      })
      : null;
  }

  paint(level, ty, tx) {
    const { height, width, planes } = this.pixels.levels[level];
    const [top, left] = [ty * TILE, tx * TILE];
    const [h, w] = [Math.min(TILE, height - top), Math.min(TILE, width - left)];
    const picture = new ImageData(w, h);
    const out = new Uint32Array(picture.data.buffer);
    if (this.direct) {
      const plane = planes[this.luts[0].plane];
      for (let y = 0, i = 0; y < h; y++) {
        let at = (top + y) * width + left;
        for (let x = 0; x < w; x++, i++, at++) out[i] = this.direct[plane[at]];
      }
    } else {
      for (let y = 0, i = 0; y < h; y++) {
        for (let x = 0; x < w; x++, i++) {
          const at = (top + y) * width + left + x;
          let [r, g, b] = [0, 0, 0];
          for (const { lut, colour, plane } of this.luts) {
            const v = lut[planes[plane][at]];
            r += v * colour[0];
            g += v * colour[1];
            b += v * colour[2];
          }
          out[i] = 0xff000000 | Math.min(255, b) << 16 | Math.min(255, g) << 8 | Math.min(255, r);
        }
      }
    }
    return onCanvas(picture);
  }
}

export function onCanvas(picture) {
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  canvas.getContext('2d').putImageData(picture, 0, 0);
  return canvas;
}
