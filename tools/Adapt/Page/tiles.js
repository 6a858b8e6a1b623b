// Runs a network over an image of any size: pad, cut into tiles, run, blend, crop (as TiledInference, TileLayout,
// TileBlender and Padding in src/SelfAdapt/Segmentation).

import { blank, plane } from './prepare.js';

const SIDE = 224;
const MARGIN = 8;
const MULTIPLE = 16;

// run(data, height, width) gives the network's output, a Float32Array of [outputChannels, height, width].
export async function runTiled(image, settings, run, progress) {
  const padding = [axisPadding(image.height), axisPadding(image.width)];
  const padded = pad(image, padding);
  if (!settings.augment) {
    const layout = layoutOf(padded, plainStarts(padded.height, settings.tileOverlap),
      plainStarts(padded.width, settings.tileOverlap), false);
    return crop(await runTiles(padded, layout, settings, run, progress), padding);
  }
  const toTile = [[0, Math.max(0, SIDE - padded.height)], [0, Math.max(0, SIDE - padded.width)]];
  const full = pad(padded, toTile);
  const layout = layoutOf(full, mirroredStarts(full.height), mirroredStarts(full.width), true);
  return crop(crop(await runTiles(full, layout, settings, run, progress), toTile), padding);
}

async function runTiles(image, layout, settings, run, progress) {
  const sum = blank(settings.outputChannels, image.height, image.width);
  const weights = new Float64Array(image.height * image.width);
  const taper = taperOf(layout.height, layout.width);
  let done = 0;
  for (const tile of layout.tiles) {
    const output = await run(cut(image, layout, tile), layout.height, layout.width);
    add(sum, weights, taper, layout, tile, output, settings.flowChannel);
    progress(++done, layout.tiles.length);
  }
  for (let c = 0; c < sum.channels; c++) {
    const values = plane(sum, c);
    for (let i = 0; i < values.length; i++) values[i] /= weights[i];
  }
  return sum;
}

function add(sum, weights, taper, { height, width }, tile, output, flowChannel) {
  for (let c = 0; c < sum.channels; c++) {
    const values = plane(sum, c);
    const negate = flowChannel !== null
      && ((c === flowChannel && tile.flipRows) || (c === flowChannel + 1 && tile.flipColumns));
    for (let y = 0; y < height; y++) {
      const from = (c * height + (tile.flipRows ? height - 1 - y : y)) * width;
      const to = (tile.y + y) * sum.width + tile.x;
      for (let x = 0; x < width; x++) {
        const value = output[from + (tile.flipColumns ? width - 1 - x : x)];
        values[to + x] += (negate ? -value : value) * taper[y * width + x];
      }
    }
  }
  for (let y = 0; y < height; y++) {
    const to = (tile.y + y) * sum.width + tile.x;
    for (let x = 0; x < width; x++) weights[to + x] += taper[y * width + x];
  }
}

function cut(image, { height, width }, tile) {
  const data = new Float32Array(image.channels * height * width);
  for (let c = 0; c < image.channels; c++) {
    const values = plane(image, c);
    for (let y = 0; y < height; y++) {
      const from = (tile.y + (tile.flipRows ? height - 1 - y : y)) * image.width + tile.x;
      const row = data.subarray((c * height + y) * width, (c * height + y + 1) * width);
      row.set(values.subarray(from, from + width));
      if (tile.flipColumns) row.reverse();
    }
  }
  return data;
}

function axisPadding(length) {
  const extra = (MULTIPLE - length % MULTIPLE) % MULTIPLE;
  const before = MARGIN + (extra >> 1);
  return [before, 2 * MARGIN + extra - before];
}

function pad(image, [[top, bottom], [left, right]]) {
  const result = blank(image.channels, image.height + top + bottom, image.width + left + right);
  for (let c = 0; c < image.channels; c++) {
    for (let y = 0; y < image.height; y++) {
      plane(result, c).set(
        plane(image, c).subarray(y * image.width, (y + 1) * image.width), (y + top) * result.width + left);
    }
  }
  return result;
}

function crop(image, [[top, bottom], [left, right]]) {
  const result = blank(image.channels, image.height - top - bottom, image.width - left - right);
  for (let c = 0; c < image.channels; c++) {
    for (let y = 0; y < result.height; y++) {
      const from = (y + top) * image.width + left;
      plane(result, c).set(plane(image, c).subarray(from, from + result.width), y * result.width);
    }
  }
  return result;
}

function plainStarts(length, overlap) {
  const used = Math.min(Math.max(overlap, 0.05), 0.5);
  return starts(length, length <= SIDE ? 1 : Math.ceil((1 + 2 * used) * length / SIDE));
}

function mirroredStarts(length) {
  return starts(length, Math.max(2, Math.ceil(2 * length / SIDE)));
}

function starts(length, count) {
  const last = length - Math.min(SIDE, length);
  const step = count > 1 ? last / (count - 1) : 0;
  return Array.from({ length: count }, (_, i) => (i === count - 1 ? last : Math.trunc(i * step)));
}

function layoutOf(image, rows, columns, flip) {
  const tiles = rows.flatMap((y, j) => columns.map((x, i) => (
    { y, x, flipRows: flip && i % 2 === 1, flipColumns: flip && j % 2 === 1 })));
  return { height: Math.min(SIDE, image.height), width: Math.min(SIDE, image.width), tiles };
}

// Nearly 1 inside, falling towards the edges of a full tile.
function taperOf(height, width) {
  const full = Math.max(SIDE, height, width);
  const profile = Float64Array.from({ length: full }, (_, i) =>
    1 / (1 + Math.exp((Math.abs(i - (full - 1) / 2) - (full / 2 - 20)) / 7.5)));
  const firstY = (full >> 1) - (height >> 1);
  const firstX = (full >> 1) - (width >> 1);
  const weights = new Float64Array(height * width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) weights[y * width + x] = profile[firstY + y] * profile[firstX + x];
  }
  return weights;
}
