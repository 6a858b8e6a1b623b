// A run's folder, to look at: before and after, the cells, and the kept model on images that are dropped on the page.

import { $, fill, h, say } from './dom.js';
import { present, showOwn } from './app.js';
import { decode, npy, segment } from './live.js';
import { pixelsOf } from './pixels.js';

let busy = false;
let dropped = null;

export function enter(studio, panel) {
  const { run } = studio.state;
  fill(panel,
    h('h2', {}, run.name, run.report ? h('a', { id: 'report', href: '/report.html', target: '_blank' }, 'Report') : null),
    h('label', { id: 'drop', tabIndex: 0 },
      h('input', {
        id: 'file', type: 'file', accept: '.png,.tif,.tiff,.npy,.jpg,.jpeg,.bmp,.gif,.webp,.tga,.pbm,.pgm,.ppm,.pnm', 'aria-label': 'An image to segment',
        onchange: e => { if (e.target.files[0]) take(studio, e.target.files[0]); e.target.value = ''; },
      }),
      h('b', {}, 'Try an image'),
      h('span', { id: 'live' }, run.settings ? 'Drop a PNG, TIFF or NPY file anywhere on the page, or click here. It stays on this machine.' : run.why)),
    h('h3', {}, 'Cells ', h('span', { id: 'count', className: 'dim' }), h('button', { id: 'save', type: 'button', hidden: true, onclick: save }, 'Save masks')),
    h('div', { id: 'cells' }, h('table', {}, h('thead', {}, h('tr', {}, ...['label', 'area px', 'diameter px', ''].map(t => h('th', {}, t)))), h('tbody'))));
  addEventListener('dragover', e => { e.preventDefault(); document.body.classList.add('dragging'); });
  addEventListener('dragleave', () => document.body.classList.remove('dragging'));
  addEventListener('drop', e => {
    e.preventDefault();
    document.body.classList.remove('dragging');
    if (e.dataTransfer.files[0]) take(studio, e.dataTransfer.files[0]);
  });
}

export async function opened(studio) {
  dropped = null;
  if (!studio.pixels) return;
  const url = `/api/images/${studio.index}/masks`;
  if (await studio.showCells(`${url}?step=0`, url, ['before', 'after'])) list(studio);
}

function list(studio) {
  const { left, right } = studio;
  $('save').hidden = dropped === null;
  const lost = left ? left.cells.filter(c => c.kind === 'lost') : [];
  $('cells').querySelector('tbody').replaceChildren(...[...right.cells, ...lost].map(cell => row(studio, cell)));
  $('count').textContent = `${right.cells.length}`
    + (left ? ` (${right.cells.filter(c => c.kind === 'gained').length} gained, ${lost.length} lost)` : '');
}

function row(studio, cell) {
  const texts = [cell.label, cell.area, cell.diameter.toFixed(1), cell.kind === 'same' ? '' : cell.kind];
  const go = () => {
    select(element);
    studio.picture.mark(cell, true);
  };
  const element = h('tr', { tabIndex: 0, onclick: go, onkeydown: e => { if (e.key === 'Enter') go(); } },
    ...texts.map((text, i) => h('td', { className: i === 3 ? cell.kind : '' }, String(text))));
  element.cell = cell;
  return element;
}

function select(element) {
  document.querySelectorAll('#cells [aria-selected]').forEach(r => r.removeAttribute('aria-selected'));
  element?.setAttribute('aria-selected', 'true');
}

export function picked(studio, cell) {
  // A cell found both times is listed once, with its label after.
  const element = [...document.querySelectorAll('#cells tbody tr')].find(r => r.cell === cell);
  select(element);
  element?.scrollIntoView({ block: 'center' });
}

async function take(studio, file) {
  const { settings, why } = studio.state.run;
  if (busy) return say('One image at a time: the last one is still being segmented.', true);
  if (!settings) return say(why, true);
  busy = true;
  document.body.dataset.live = 'busy';
  try {
    say(`${file.name}: reading ...`);
    const image = await decode(file);
    const began = performance.now();
    const labels = await segment(image, settings, (done, total) => say(`${file.name}: tile ${done} of ${total}`));
    present(file.name, pixelsOf(image));
    showOwn(labels, image.height, image.width, 'adapted model');
    dropped = { name: file.name, labels, height: image.height, width: image.width };
    list(studio);
    say(`${file.name}: segmented in this browser in ${((performance.now() - began) / 1000).toFixed(1)} s`);
    document.body.dataset.live = 'done';
  } catch (e) {
    say(`${file.name}: ${e.message}`, true);
    document.body.dataset.live = 'failed';
  } finally {
    busy = false;
  }
}

function save() {
  const link = h('a', {
    href: URL.createObjectURL(npy(dropped.labels, dropped.height, dropped.width)),
    download: dropped.name.replace(/\.[^.]*$/, '') + '_cp_masks.npy',
  });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
