// What is drawn over an image: outlines as paths along pixel edges, and which cells are the same before and after.

import { regionsOf } from './masks.js';

// A label image with its cells, each with its region and a kind: same, lost, gained or drawn.
export function describe(labels, height, width) {
  const cells = regionsOf(labels, height, width).filter(r => r).map(r => ({ ...r, kind: 'same' }));
  return { labels, height, width, cells };
}

// Marks the cells without a partner of IoU at least 0.5 on the other side.
export function pair(before, after) {
  const area = new Map(after.cells.map(c => [c.label, c.area]));
  const shared = new Map();
  for (let i = 0; i < before.labels.length; i++) {
    const [b, a] = [before.labels[i], after.labels[i]];
    if (b > 0 && a > 0) {
      const row = shared.get(b) ?? new Map();
      row.set(a, (row.get(a) ?? 0) + 1);
      shared.set(b, row);
    }
  }
  const found = new Set();
  for (const cell of before.cells) {
    cell.kind = 'lost';
    for (const [a, both] of shared.get(cell.label) ?? []) {
      if (both >= 0.5 * (cell.area + area.get(a) - both)) {
        cell.kind = 'same';
        found.add(a);
      }
    }
  }
  for (const cell of after.cells) cell.kind = found.has(cell.label) ? 'same' : 'gained';
}

// A cell's outline along pixel edges; runs of edges in a row or column become one line.
export function pathOf({ labels, height, width }, { label, top, left, bottom, right }) {
  const path = new Path2D();
  const at = (y, x) => (y < 0 || x < 0 || y >= height || x >= width ? 0 : labels[y * width + x]);
  const edge = (outer, inner, first, last, isEdge, line) => {
    for (let o = outer; o <= inner; o++) {
      for (let s = first; s <= last; s++) {
        if (!isEdge(o, s)) continue;
        const from = s;
        while (s < last && isEdge(o, s + 1)) s++;
        line(o, from, s + 1);
      }
    }
  };
  edge(top, bottom + 1, left, right, (y, x) => (at(y, x) === label) !== (at(y - 1, x) === label),
    (y, from, to) => { path.moveTo(from, y); path.lineTo(to, y); });
  edge(left, right + 1, top, bottom, (x, y) => (at(y, x) === label) !== (at(y, x - 1) === label),
    (x, from, to) => { path.moveTo(x, from); path.lineTo(x, to); });
  return path;
}
