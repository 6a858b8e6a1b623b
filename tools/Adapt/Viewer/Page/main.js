// view: a run's images with the slider between before and after, the cells, and images dropped on the page.

import { $, attempt, h, json, say } from './dom.js';
import { cellsOf, compare, fetchCells } from './cells.js';
import { bindPicture, drawLegend, showSides } from './controls.js';
import { decode, npy, segment } from './live.js';
import { Picture } from './picture.js';
import { fetchImage, pixelsOf, standardView } from './pixels.js';

const run = await json('/api/run');
const picture = new Picture($('canvas'), pick, () => {});
let busy = false;
let request = 0;

// What is shown now; scripts read it through import('/page/main.js').
export const shown = { name: null, before: null, after: null };

async function open(index) {
  const mine = ++request;
  await attempt(async () => {
    const pixels = await fetchImage(`/api/image/${index}`);
    const [before, after] = await Promise.all(['before', 'after'].map(w => fetchCells(`/api/${w}/${index}`, pixels)));
    if (mine !== request) return;
    compare(before, after);
    present(run.images[index], pixels, before, after);
    choose(index);
    say('');
  });
}

function choose(index) {
  document.querySelectorAll('#images button').forEach((b, i) => {
    if (i !== index) return b.removeAttribute('aria-current');
    b.setAttribute('aria-current', 'true');
    b.scrollIntoView({ block: 'nearest' });
  });
}

function present(name, pixels, before, after) {
  Object.assign(shown, { name, before, after });
  $('name').textContent = name;
  $('facts').textContent = `${pixels.width} \u00d7 ${pixels.height} px`;
  picture.show(pixels, standardView(pixels));
  showSides(picture, before, after, before ? ['before', 'after'] : ['', 'adapted model']);
  drawLegend(before, after);
  $('save').hidden = before !== null;
  const lost = before ? before.cells.filter(c => c.kind === 'lost') : [];
  $('cells').querySelector('tbody').replaceChildren(...[...after.cells, ...lost].map(row));
  $('count').textContent = `${after.cells.length}`
    + (before ? ` (${after.cells.filter(c => c.kind === 'gained').length} gained, ${lost.length} lost)` : '');
}

function row(cell) {
  const texts = [cell.label, cell.area, cell.diameter.toFixed(1), cell.kind === 'same' ? '' : cell.kind];
  const go = () => mark(element, cell, true);
  const element = h('tr', { tabIndex: 0, onclick: go, onkeydown: e => { if (e.key === 'Enter') go(); } },
    ...texts.map((text, i) => h('td', { className: i === 3 ? cell.kind : '' }, String(text))));
  element.cell = cell;
  return element;
}

function mark(element, cell, move) {
  document.querySelectorAll('#cells [aria-selected]').forEach(r => r.removeAttribute('aria-selected'));
  element?.setAttribute('aria-selected', 'true');
  if (!move) element?.scrollIntoView({ block: 'center' });
  picture.mark(cell, move);
}

function pick(y, x, index) {
  const side = index === 0 ? shown.before : shown.after;
  const inside = side && y >= 0 && x >= 0 && y < side.height && x < side.width;
  const label = inside ? side.labels[y * side.width + x] : 0;
  const cell = label ? side.cells.find(c => c.label === label) : null;
  // A cell found both times is listed once, with its label after.
  mark([...document.querySelectorAll('#cells tbody tr')].find(r => r.cell === cell) ?? null, cell ?? null, false);
}

async function take(file) {
  if (busy) return say('One image at a time: the last one is still being segmented.', true);
  if (!run.settings) return say(run.why, true);
  busy = true;
  ++request;
  document.body.dataset.live = 'busy';
  try {
    say(`${file.name}: reading ...`);
    const image = await decode(file);
    const began = performance.now();
    const labels = await segment(image, run.settings, (done, total) => say(`${file.name}: tile ${done} of ${total}`));
    present(file.name, pixelsOf(image), null, cellsOf(labels, image.height, image.width, 1));
    choose(-1);
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
    href: URL.createObjectURL(npy(shown.after.labels, shown.after.height, shown.after.width)),
    download: shown.name.replace(/\.[^.]*$/, '') + '_cp_masks.npy',
  });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

$('run').textContent = run.name;
$('report').hidden = !run.report;
if (!run.settings) $('live').textContent = run.why;
$('images').replaceChildren(...run.images.map((name, i) => h('li', {}, h('button', { type: 'button', onclick: () => open(i) }, name))));
bindPicture(picture, by => open(Math.min(run.images.length - 1, Math.max(0, run.images.indexOf(shown.name) + by))));
$('save').addEventListener('click', save);
$('file').addEventListener('change', e => {
  if (e.target.files[0]) take(e.target.files[0]);
  e.target.value = '';
});
addEventListener('dragover', e => { e.preventDefault(); document.body.classList.add('dragging'); });
addEventListener('dragleave', () => document.body.classList.remove('dragging'));
addEventListener('drop', e => {
  e.preventDefault();
  document.body.classList.remove('dragging');
  if (e.dataTransfer.files[0]) take(e.dataTransfer.files[0]);
});
if (run.images.length > 0) open(0); else say('This run left no images to show.', true);
