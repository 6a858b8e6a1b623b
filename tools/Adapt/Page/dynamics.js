// From flows to labels: every cell pixel follows the flow, and those that come to rest together are one cell
// (as FlowDynamics, FlowField and SeedLabeling in src/SelfAdapt/Segmentation).

const f32 = Math.fround;
const ROUND = 4;
const PEAK_REACH = 2;
const LEAST_SEED = 11;
const LEAST_GROW = 3;
const GROW_STEPS = 5;
const WINDOW = 2 * GROW_STEPS + 1;

// Gives for each cell pixel the index of the pixel where it ended.
export function follow(flowY, flowX, cellPixels, height, width, scale, steps) {
  const fieldY = new Float32Array((height + 1) * width + 1);
  const fieldX = new Float32Array((height + 1) * width + 1);
  for (const pixel of cellPixels) {
    fieldY[pixel] = flowY[pixel] / scale;
    fieldX[pixel] = flowX[pixel] / scale;
  }
  const ends = new Int32Array(cellPixels.length);
  let y = 0;
  let x = 0;
  const advance = count => {
    for (let step = 0; step < count; step++) {
      const y0 = Math.trunc(y);
      const x0 = Math.trunc(x);
      const down = y - y0;
      const right = x - x0;
      const at = y0 * width + x0;
      const below = at + width;
      const w00 = (1 - down) * (1 - right);
      const w01 = (1 - down) * right;
      const w10 = down * (1 - right);
      const w11 = down * right;
      const stepY = fieldY[at] * w00 + fieldY[at + 1] * w01 + fieldY[below] * w10 + fieldY[below + 1] * w11;
      const stepX = fieldX[at] * w00 + fieldX[at + 1] * w01 + fieldX[below] * w10 + fieldX[below + 1] * w11;
      y = clamp(f32(y + f32(stepY)), height - 1);
      x = clamp(f32(x + f32(stepX)), width - 1);
    }
  };
  for (let i = 0; i < cellPixels.length; i++) {
    y = Math.trunc(cellPixels[i] / width);
    x = cellPixels[i] % width;
    advance(steps % ROUND);
    // The position decides the next step: a point that a round leaves where it was stays there.
    for (let left = Math.trunc(steps / ROUND); left > 0; left--) {
      const [oldY, oldX] = [y, x];
      advance(ROUND);
      if (y === oldY && x === oldX) break;
    }
    ends[i] = Math.trunc(y) * width + Math.trunc(x);
  }
  return ends;
}

function clamp(position, most) {
  const least = position > 0 ? position : 0;
  return least < most ? least : most;
}

// Labels 1..n in raster order of first appearance.
export function labelByEnds(cellPixels, ends, height, width, maxSizeFraction) {
  const counts = new Int32Array(height * width);
  const candidates = [];
  for (const end of ends) {
    if (++counts[end] === LEAST_SEED) candidates.push(end);
  }
  const seeds = candidates.filter(at => isPeak(counts, height, width, at))
    .sort((a, b) => counts[a] - counts[b] || a - b);
  const seedAt = new Int32Array(height * width);
  seeds.forEach((seed, k) => grow(counts, seedAt, height, width, seed, k + 1));

  const areas = new Int32Array(seeds.length + 1);
  for (const end of ends) areas[seedAt[end]]++;
  const largest = maxSizeFraction * height * width;
  const numbers = new Int32Array(seeds.length + 1);
  const labels = new Int32Array(height * width);
  let count = 0;
  for (let i = 0; i < ends.length; i++) {
    const seed = seedAt[ends[i]];
    if (seed > 0 && areas[seed] <= largest) {
      if (numbers[seed] === 0) numbers[seed] = ++count;
      labels[cellPixels[i]] = numbers[seed];
    }
  }
  return labels;
}

function isPeak(counts, height, width, at) {
  const y = Math.trunc(at / width);
  const x = at % width;
  for (let row = Math.max(0, y - PEAK_REACH); row <= Math.min(height - 1, y + PEAK_REACH); row++) {
    for (let column = Math.max(0, x - PEAK_REACH); column <= Math.min(width - 1, x + PEAK_REACH); column++) {
      if (counts[row * width + column] > counts[at]) return false;
    }
  }
  return true;
}

// Spreads five times by one pixel over pixels where enough points ended; a row of the window is the bits of a number.
function grow(counts, seedAt, height, width, seed, label) {
  const y = Math.trunc(seed / width);
  const x = seed % width;
  const open = new Int32Array(WINDOW + 2);
  const grown = new Int32Array(WINDOW + 2);
  const wide = new Int32Array(WINDOW + 2);
  const firstColumn = Math.max(0, x - GROW_STEPS);
  const lastColumn = Math.min(width - 1, x + GROW_STEPS);
  const firstRow = Math.max(0, y - GROW_STEPS);
  const lastRow = Math.min(height - 1, y + GROW_STEPS);
  for (let row = firstRow; row <= lastRow; row++) {
    for (let column = firstColumn; column <= lastColumn; column++) {
      const isOpen = counts[row * width + column] >= LEAST_GROW ? 1 : 0;
      open[row - y + GROW_STEPS + 1] |= isOpen << (column - x + GROW_STEPS);
    }
  }
  grown[GROW_STEPS + 1] = 1 << GROW_STEPS;
  for (let step = 0; step < GROW_STEPS; step++) {
    for (let i = 1; i <= WINDOW; i++) wide[i] = grown[i] | (grown[i] << 1) | (grown[i] >> 1);
    for (let i = 1; i <= WINDOW; i++) grown[i] = (wide[i - 1] | wide[i] | wide[i + 1]) & open[i];
  }
  for (let row = firstRow; row <= lastRow; row++) {
    for (let column = firstColumn; column <= lastColumn; column++) {
      if ((grown[row - y + GROW_STEPS + 1] >> (column - x + GROW_STEPS)) & 1) seedAt[row * width + column] = label;
    }
  }
}
