// From the network's outputs to masks (as FlowMasks, MaskFlows, CellFlow and MaskCleanup in
// src/SelfAdapt/Segmentation).

import { plane, resizeLabels } from './prepare.js';
import { follow, labelByEnds } from './dynamics.js';

const SHARE = 1 / 9;

export function computeMasks(outputs, settings, height, width) {
  const cellPixels = pixelsAbove(plane(outputs, settings.logitChannel), settings.cellprobThreshold);
  let labels = settings.flowChannel === null
    ? components(cellPixels, outputs.height, outputs.width)
    : fromFlow(outputs, settings, cellPixels);
  if (height !== outputs.height || width !== outputs.width) {
    labels = resizeLabels(labels, outputs.height, outputs.width, height, width);
  }
  fillHolesAndRemoveSmall(labels, height, width, settings.minSize);
  if (settings.excludeOnEdges) {
    keep(labels, width, regionsOf(labels, height, width), r =>
      r.top > 0 && r.left > 0 && r.bottom < height - 1 && r.right < width - 1);
    renumber(labels);
  }
  return labels;
}

function fromFlow(outputs, settings, cellPixels) {
  const { height, width } = outputs;
  const flowY = plane(outputs, settings.flowChannel);
  const flowX = plane(outputs, settings.flowChannel + 1);
  const ends = follow(flowY, flowX, cellPixels, height, width, settings.flowScale, settings.flowSteps);
  const labels = labelByEnds(cellPixels, ends, height, width, settings.maxSizeFraction);
  if (settings.flowThreshold > 0) {
    keep(labels, width, regionsOf(labels, height, width), r =>
      !(flowError(labels, width, r, flowY, flowX, settings.flowScale) > settings.flowThreshold));
  }
  return labels;
}

function pixelsAbove(logits, threshold) {
  const pixels = [];
  for (let i = 0; i < logits.length; i++) {
    if (logits[i] > threshold) pixels.push(i);
  }
  return Int32Array.from(pixels);
}

// Boxes and areas by label; entry k - 1 is that of label k.
export function regionsOf(labels, height, width) {
  const regions = [];
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const label = labels[i];
      if (label === 0) continue;
      const region = regions[label - 1] ??= { label, area: 0, top: y, left: x, bottom: y, right: x };
      region.area++;
      region.bottom = y;
      if (x < region.left) region.left = x;
      if (x > region.right) region.right = x;
    }
  }
  return regions;
}

function keep(labels, width, regions, condition) {
  for (const region of regions) {
    if (!region || region.area === 0 || condition(region)) continue;
    for (let y = region.top; y <= region.bottom; y++) {
      for (let i = y * width + region.left; i <= y * width + region.right; i++) {
        if (labels[i] === region.label) labels[i] = 0;
      }
    }
    region.area = 0;
  }
}

function renumber(labels) {
  const numbers = new Map();
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] === 0) continue;
    let number = numbers.get(labels[i]);
    if (number === undefined) numbers.set(labels[i], number = numbers.size + 1);
    labels[i] = number;
  }
}

// How far the network's flow is from that of heat fed at the cell's centre and kept inside the cell.
function flowError(labels, imageWidth, region, flowY, flowX, scale) {
  const height = region.bottom - region.top + 1;
  const width = region.right - region.left + 1;
  const stride = width + 2;
  const share = new Float64Array(stride * (height + 2));
  let sumY = 0;
  let sumX = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (labels[(region.top + y) * imageWidth + region.left + x] === region.label) {
        share[(y + 1) * stride + x + 1] = SHARE;
        sumY += y;
        sumX += x;
      }
    }
  }
  const meanY = sumY / region.area;
  const meanX = sumX / region.area;
  let centre = 0;
  let least = Infinity;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y + 1) * stride + x + 1;
      const distance = (y - meanY) * (y - meanY) + (x - meanX) * (x - meanX);
      if (share[at] !== 0 && distance < least) [centre, least] = [at, distance];
    }
  }
  const heat = diffuse(share, centre, height, stride, 2 * (height + 2 + width + 2));
  let errorY = 0;
  let errorX = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y + 1) * stride + x + 1;
      if (share[at] === 0) continue;
      const dy = heat[at + stride] - heat[at - stride];
      const dx = heat[at + 1] - heat[at - 1];
      const length = 1e-60 + Math.sqrt(dy * dy + dx * dx);
      const index = (region.top + y) * imageWidth + region.left + x;
      const offY = dy / length - Math.fround(flowY[index] / scale);
      const offX = dx / length - Math.fround(flowX[index] / scale);
      errorY += offY * offY;
      errorX += offX * offX;
    }
  }
  return errorY / region.area + errorX / region.area;
}

function diffuse(share, centre, height, stride, steps) {
  let heat = new Float64Array(share.length);
  let next = new Float64Array(share.length);
  const rows = new Float64Array(share.length);
  for (let step = 0; step < steps; step++) {
    heat[centre] += 1;
    for (let i = 1; i < rows.length - 1; i++) rows[i] = heat[i - 1] + heat[i] + heat[i + 1];
    for (let i = stride; i < (height + 1) * stride; i++) {
      next[i] = (rows[i - stride] + rows[i] + rows[i + stride]) * share[i];
    }
    [heat, next] = [next, heat];
  }
  return heat;
}

function fillHolesAndRemoveSmall(labels, height, width, minSize) {
  renumber(labels);
  const regions = regionsOf(labels, height, width);
  keep(labels, width, regions, r => r.area >= minSize);
  for (const region of regions) {
    if (region.area > 0) fillHoles(labels, width, region, regions);
  }
  keep(labels, width, regions, r => r.area >= minSize);
  renumber(labels);
}

function fillHoles(labels, imageWidth, region, regions) {
  const height = region.bottom - region.top + 1;
  const width = region.right - region.left + 1;
  const stride = width + 2;
  const state = new Uint8Array(stride * (height + 2));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (labels[(region.top + y) * imageWidth + region.left + x] === region.label) state[(y + 1) * stride + x + 1] = 1;
    }
  }
  const open = [0];
  state[0] = 2;
  while (open.length > 0) {
    const at = open.pop();
    for (const next of [at - stride, at + stride, at - 1, at + 1]) {
      // Behind a row's end lies the frame of the next row, which is outside too.
      if (next >= 0 && next < state.length && state[next] === 0) {
        state[next] = 2;
        open.push(next);
      }
    }
  }
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (state[(y + 1) * stride + x + 1] !== 0) continue;
      const index = (region.top + y) * imageWidth + region.left + x;
      if (labels[index] > 0) regions[labels[index] - 1].area--;
      region.area++;
      labels[index] = region.label;
    }
  }
}

// The 4-connected pieces of a foreground, in raster order.
function components(pixels, height, width) {
  const labels = new Int32Array(height * width);
  for (const pixel of pixels) labels[pixel] = -1;
  let count = 0;
  for (const start of pixels) {
    if (labels[start] !== -1) continue;
    labels[start] = ++count;
    const open = [start];
    while (open.length > 0) {
      const at = open.pop();
      const x = at % width;
      const visit = (next, exists) => {
        if (exists && labels[next] === -1) {
          labels[next] = count;
          open.push(next);
        }
      };
      visit(at - width, at >= width);
      visit(at + width, at < labels.length - width);
      visit(at - 1, x > 0);
      visit(at + 1, x < width - 1);
    }
  }
  return labels;
}
