// Small charts in SVG.

import { svg } from './dom.js';

const [W, H, LEFT, BOTTOM, TOP] = [300, 96, 38, 14, 6];
const tidy = v => (Math.abs(v) >= 1000 ? Math.round(v) : Number(v.toPrecision(3))).toString();

// points: [[x, y, kept]]; kept points get a ring.
export function line(title, points, { dots = false } = {}) {
  const usable = points.filter(p => Number.isFinite(p[1]));
  const chart = svg('svg', { viewBox: `0 0 ${W} ${H}`, role: 'img', 'aria-label': `${title}: ${usable.length} points, last ${usable.length ? tidy(usable.at(-1)[1]) : 'none'}` });
  if (usable.length === 0) return chart;
  const [xs, ys] = [usable.map(p => p[0]), usable.map(p => p[1])];
  let [low, high] = [Math.min(...ys), Math.max(...ys)];
  if (high === low) [low, high] = [low - 1, high + 1];
  const last = Math.max(1, ...xs);
  const at = ([x, y]) => [LEFT + (W - LEFT - 8) * x / last, H - BOTTOM - (H - BOTTOM - TOP) * (y - low) / (high - low)];
  chart.append(
    svg('path', { class: 'axis', d: `M${LEFT} ${TOP}V${H - BOTTOM}H${W - 4}` }),
    text(LEFT - 4, TOP + 6, tidy(high), 'end'), text(LEFT - 4, H - BOTTOM, tidy(low), 'end'),
    text(W - 6, H - 3, `step ${last}`, 'end'),
    svg('path', { class: 'line', d: 'M' + thin(usable).map(p => at(p).map(v => v.toFixed(1)).join(' ')).join('L') }));
  for (const p of dots ? usable : []) {
    const [cx, cy] = at(p);
    chart.append(svg('circle', { cx, cy, r: p[2] ? 4 : 2.5, class: p[2] ? 'kept' : 'dot' }));
  }
  return chart;
}

export function histogram(title, values, mark = null) {
  const chart = svg('svg', { viewBox: `0 0 ${W} ${H}`, role: 'img', 'aria-label': `${title}: ${values.length} cells` });
  if (values.length === 0) return chart;
  const most = Math.max(...values, mark ?? 0) * 1.02;
  const bins = new Array(24).fill(0);
  for (const v of values) bins[Math.min(23, Math.floor(24 * v / most))]++;
  const top = Math.max(...bins);
  const width = (W - LEFT - 8) / 24;
  chart.append(
    svg('path', { class: 'axis', d: `M${LEFT} ${TOP}V${H - BOTTOM}H${W - 4}` }), text(LEFT - 4, TOP + 6, String(top), 'end'),
    text(LEFT, H - 3, '0', 'start'), text(W - 6, H - 3, `${tidy(most)} px`, 'end'),
    ...bins.map((n, i) => svg('rect', {
      class: 'bar', x: LEFT + i * width + 0.5, width: width - 1, y: H - BOTTOM - (H - BOTTOM - TOP) * n / top, height: (H - BOTTOM - TOP) * n / top,
    })));
  if (mark) {
    const x = LEFT + (W - LEFT - 8) * mark / most;
    chart.append(svg('line', { class: 'mark', x1: x, x2: x, y1: TOP, y2: H - BOTTOM }));
  }
  return chart;
}

function text(x, y, content, anchor) {
  const label = svg('text', { x, y, 'text-anchor': anchor });
  label.textContent = content;
  return label;
}

// A chart of 300 px shows no more than so many points.
function thin(points) {
  const step = Math.ceil(points.length / 300);
  return points.filter((_, i) => i % step === 0 || i === points.length - 1);
}
