// From an image as read to what the network sees: channels, intensities, size.
// The same steps, in the same order and precision, as src/SelfAdapt/Segmentation (ImagePreparation, IntensityScaling,
// Resampling): floats are rounded with Math.fround wherever C# works in single precision.
// An image is { channels, height, width, data }, data a Float32Array of [channels, height, width].

const f32 = Math.fround;
const SUBSAMPLE_SIDE = 224;

export function blank(channels, height, width) {
  return { channels, height, width, data: new Float32Array(channels * height * width) };
}

export function plane(image, channel) {
  const size = image.height * image.width;
  return image.data.subarray(channel * size, (channel + 1) * size);
}

export function prepare(image, settings) {
  const selected = selectChannels(image, settings);
  for (let c = 0; c < selected.channels; c++) {
    normalize(plane(selected, c), selected.height, selected.width, settings);
  }
  return rescale(selected, settings.rescale);
}

export function selectChannels(image, { inputChannels, channels: [first, second] }) {
  const result = blank(inputChannels, image.height, image.width);
  if (inputChannels > 2) {
    requireChannels(image, inputChannels, inputChannels === image.channels);
    result.data.set(image.data);
  } else if (image.channels === 1) {
    plane(result, 0).set(plane(image, 0));
  } else if (first === 0) {
    const mean = plane(result, 0);
    for (let c = 0; c < image.channels; c++) {
      const values = plane(image, c);
      for (let i = 0; i < mean.length; i++) mean[i] += values[i];
    }
    for (let i = 0; i < mean.length; i++) mean[i] /= image.channels;
  } else {
    requireChannels(image, first, first <= image.channels);
    plane(result, 0).set(plane(image, first - 1));
    if (second > 0 && inputChannels === 2) {
      requireChannels(image, second, second <= image.channels);
      plane(result, 1).set(plane(image, second - 1));
    }
  }
  return result;
}

function requireChannels(image, wanted, condition) {
  if (!condition) {
    throw new Error(`The image has ${image.channels} channels, but ${wanted} is asked for.`);
  }
}

function normalize(values, height, width, { normalization, invert }) {
  if (values.some(v => !Number.isFinite(v))) {
    throw new Error('A pixel is not a finite number. Replace such pixels first.');
  }
  if (normalization === 'percentile') {
    percentileScale(values, height, width, invert);
  } else if (normalization === 'zero_mean_unit_variance') {
    let sum = 0;
    for (const v of values) sum += v;
    const mean = sum / values.length;
    let squares = 0;
    for (const v of values) squares += (v - mean) * (v - mean);
    affine(values, f32(mean), f32(Math.sqrt(squares / values.length) + 1e-6), invert);
  }
}

function percentileScale(values, height, width, invert) {
  if (values.every(v => v === values[0])) return;
  const sorted = subsample(values, height, width).sort();
  const low = percentile(sorted, 1);
  const high = percentile(sorted, 99);
  if (high - low > 1e-3) {
    affine(values, f32(low), f32(high - low), invert);
  } else {
    values.fill(invert ? 1 : 0);
  }
}

function percentile(sorted, percent) {
  const position = (sorted.length - 1) * (percent / 100);
  const index = Math.floor(position);
  const fraction = position - index;
  const lower = sorted[index];
  const upper = index + 1 < sorted.length ? sorted[index + 1] : lower;
  const difference = f32(upper - lower);
  return fraction < 0.5 ? lower + difference * fraction : upper - difference * (1 - fraction);
}

function subsample(values, height, width) {
  if (values.length <= SUBSAMPLE_SIDE ** 3) return values.slice();
  const stepY = Math.max(1, Math.floor(height / SUBSAMPLE_SIDE));
  const stepX = Math.max(1, Math.floor(width / SUBSAMPLE_SIDE));
  const rows = Math.ceil(height / stepY);
  const columns = Math.ceil(width / stepX);
  const sample = new Float32Array(rows * columns);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) sample[y * columns + x] = values[y * stepY * width + x * stepX];
  }
  return sample;
}

function affine(values, offset, divisor, invert) {
  for (let i = 0; i < values.length; i++) {
    const value = f32(f32(values[i] - offset) / divisor);
    values[i] = invert ? 1 - value : value;
  }
}

export function rescale(image, factor) {
  if (factor === 1) return image;
  const height = Math.trunc(image.height * factor);
  const width = Math.trunc(image.width * factor);
  if (height < 1 || width < 1) throw new Error('The image is too small for this diameter.');
  return resize(image, height, width);
}

// OpenCV's INTER_LINEAR: half-pixel centres, clamped edges.
export function resize(image, height, width) {
  if (image.height === height && image.width === width) return image;
  const result = blank(image.channels, height, width);
  const tapsX = linearTaps(image.width, width);
  const tapsY = linearTaps(image.height, height);
  for (let c = 0; c < image.channels; c++) {
    const from = plane(image, c);
    const to = plane(result, c);
    for (let y = 0; y < height; y++) {
      const upper = tapsY.first[y] * image.width;
      const lower = Math.min(tapsY.first[y] + 1, image.height - 1) * image.width;
      const below = tapsY.weight[y];
      const above = f32(1 - below);
      for (let x = 0; x < width; x++) {
        const left = tapsX.first[x];
        const right = Math.min(left + 1, image.width - 1);
        const toRight = tapsX.weight[x];
        const toLeft = f32(1 - toRight);
        const top = f32(f32(from[upper + left] * toLeft) + f32(from[upper + right] * toRight));
        const bottom = f32(f32(from[lower + left] * toLeft) + f32(from[lower + right] * toRight));
        to[y * width + x] = f32(f32(top * above) + f32(bottom * below));
      }
    }
  }
  return result;
}

function linearTaps(source, target) {
  const scale = 1 / (target / source);
  const first = new Int32Array(target);
  const weight = new Float32Array(target);
  for (let d = 0; d < target; d++) {
    const position = f32((d + 0.5) * scale - 0.5);
    const tap = Math.floor(position);
    const inside = tap >= 0 && tap < source - 1;
    first[d] = Math.min(Math.max(tap, 0), source - 1);
    weight[d] = inside ? position - tap : 0;
  }
  return { first, weight };
}

// OpenCV's INTER_NEAREST for labels.
export function resizeLabels(labels, height, width, newHeight, newWidth) {
  const taps = (source, target) => Int32Array.from(
    { length: target }, (_, d) => Math.min(Math.floor(d * (1 / (target / source))), source - 1));
  const fromX = taps(width, newWidth);
  const fromY = taps(height, newHeight);
  const result = new Int32Array(newHeight * newWidth);
  for (let y = 0; y < newHeight; y++) {
    for (let x = 0; x < newWidth; x++) result[y * newWidth + x] = labels[fromY[y] * width + fromX[x]];
  }
  return result;
}
