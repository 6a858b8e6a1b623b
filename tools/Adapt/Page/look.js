// Look: channels, contrast, what the current model finds, how large the cells are.

import { attempt, fill, h } from './dom.js';
import { histogram } from './charts.js';
import { medianDiameter } from './cells.js';
import { COLOURS, standardView } from './pixels.js';

const MOST_ROWS = 400;
let panel;
let wanted = false;

export function enter(studio, element) {
  panel = element;
  if (studio.pixels) opened(studio);
  else fill(panel, h('h2', {}, 'Look'));
}

export function opened(studio) {
  if (!studio.pixels) return fill(panel, h('h2', {}, 'Look'), h('p', { className: 'dim' }, 'This file can\u2019t be read; the others can be.'));
  fill(panel,
    h('h2', {}, 'Look'),
    h('p', { className: 'dim small' }, 'Walk through the images and see what the model finds in them as it is.'),
    h('button', { type: 'button', className: 'main wide', id: 'segment', onclick: () => { wanted = !wanted; opened(studio); } },
      wanted ? 'Hide what the model finds' : 'Show what the model finds'),
    h('div', { id: 'found' }),
    h('h3', {}, 'Channels and contrast'),
    ...contrast(studio));
  if (wanted) find(studio);
  else if (studio.right) studio.showCells(null, null);
}

async function find(studio) {
  await attempt(() => studio.showCells(null, `/api/images/${studio.index}/masks?plane=${studio.plane}`, ['', 'found']));
  list(studio);
}

function list(studio) {
  if (studio.step !== 'look') return;
  const place = document.getElementById('found');
  if (!place) return;
  if (!studio.right) return fill(place);
  const cells = studio.right.cells;
  fill(place,
    h('h3', {}, `Diameters of ${cells.length} cells`, cells.length ? `, median ${medianDiameter(cells).toFixed(1)} px` : ''),
    histogram('Diameters', cells.map(c => c.diameter), cells.length ? medianDiameter(cells) : null),
    h('div', { className: 'scroll' }, h('table', { 'aria-label': 'Cells' },
      h('thead', {}, h('tr', {}, h('th', {}, 'cell'), h('th', {}, 'area px'), h('th', {}, 'diameter px'))),
      h('tbody', {}, cells.slice(0, MOST_ROWS).map(cell => row(studio, cell))))),
    cells.length > MOST_ROWS ? h('p', { className: 'dim small' }, `The first ${MOST_ROWS} are listed; click a cell in the image for the others.`) : null);
}

function row(studio, cell) {
  const go = () => {
    select(cell.label);
    studio.picture.mark(cell, true);
  };
  return h('tr', { tabIndex: 0, 'data-label': cell.label, onclick: go, onkeydown: e => { if (e.key === 'Enter') go(); } },
    h('td', {}, String(cell.label)), h('td', {}, String(cell.area)), h('td', {}, cell.diameter.toFixed(1)));
}

function select(label) {
  panel.querySelector('tr[aria-selected]')?.removeAttribute('aria-selected');
  const found = panel.querySelector(`tr[data-label="${label}"]`);
  found?.setAttribute('aria-selected', 'true');
  found?.scrollIntoView({ block: 'nearest' });
}

export function picked(studio, cell) { select(cell?.label); }

// Sliders for every channel; shared with the set-up page.
export function contrast(studio) {
  const { view } = studio;
  const redo = () => studio.adjust();
  const slider = (text, properties, value, show, change) => {
    const output = h('output', {}, show(value));
    return [h('span', {}, text), h('input', {
      type: 'range', 'aria-label': text, ...properties, value,
      oninput: e => { const v = Number(e.target.value); output.textContent = show(v); change(v); redo(); },
    }), output];
  };
  const percent = v => `${(100 * v).toFixed(1)} %`;
  return [
    ...view.channels.map((channel, c) => h('div', {},
      view.channels.length > 1 ? h('div', { className: 'row' },
        h('label', {}, h('input', { type: 'checkbox', checked: channel.on, onchange: e => { channel.on = e.target.checked; redo(); } }), ` channel ${c + 1}`),
        h('select', { 'aria-label': `colour of channel ${c + 1}`, onchange: e => { channel.colour = e.target.value; redo(); } },
          Object.keys(COLOURS).map(n => h('option', { value: n, selected: n === channel.colour }, n)))) : null,
      h('div', { className: 'grid' },
        ...slider('black below', { min: 0, max: 0.5, step: 0.001 }, channel.low, percent, v => { channel.low = v; }),
        ...slider('white above', { min: 0.5, max: 1, step: 0.001 }, channel.high, percent, v => { channel.high = v; })))),
    h('div', { className: 'grid' }, ...slider('gamma', { min: 0.3, max: 3, step: 0.05 }, view.gamma, v => v.toFixed(2), v => { view.gamma = v; })),
    h('button', { type: 'button', onclick: () => { studio.view = standardView(studio.pixels); redo(); opened(studio); } }, 'Standard contrast'),
  ];
}
