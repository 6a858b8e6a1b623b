// The page: the run's images, the slider between before and after, the cells, and images dropped on it.

import { describe, pair } from './outlines.js';
import { decode, npy, picture, segment } from './live.js';
import { Stage } from './stage.js';

const $ = id => document.getElementById(id);
const run = await (await fetch('/api/run')).json();
const stage = new Stage($('canvas'), pick);
let busy = false;
let request = 0;

// What is shown now; scripts read it through import('/page/main.js').
export const shown = { name: null, before: null, after: null };

function say(text, bad = false) {
  $('status').textContent = text;
  $('status').classList.toggle('bad', bad);
}

async function fetchMasks(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(await response.text());
  const buffer = await response.arrayBuffer();
  const [height, width] = new Int32Array(buffer, 0, 2);
  return describe(new Int32Array(buffer, 8), height, width);
}

async function open(index) {
  const mine = ++request;
  try {
    const [image, before, after] = await Promise.all([
      fetch(`/api/image/${index}`).then(r => r.blob()).then(createImageBitmap),
      fetchMasks(`/api/before/${index}`), fetchMasks(`/api/after/${index}`)]);
    if (mine !== request) return;
    pair(before, after);
    // A dropped image had its border at the side, as there is no before.
    if (!shown.before) moveBorder(500);
    present(run.images[index], image, before, after);
    choose(index);
    say('');
  } catch (e) {
    say(e.message, true);
  }
}

function choose(index) {
  document.querySelectorAll('#images button').forEach((b, i) => {
    b.setAttribute('aria-current', String(i === index));
    if (i === index) b.scrollIntoView({ block: 'nearest' });
  });
}

function present(name, image, before, after) {
  Object.assign(shown, { name, before, after });
  stage.show(image, [before, after]);
  const cells = side => `${side.cells.length} cell${side.cells.length === 1 ? '' : 's'}`;
  $('left').textContent = before ? `before: ${cells(before)}` : 'image';
  $('right').textContent = before ? `after: ${cells(after)}` : `adapted model: ${cells(after)}`;
  $('save').hidden = before !== null;
  const items = before
    ? [['same', 'both times'], ['lost', 'lost'], ['gained', 'gained']]
    : [['same', 'found now']];
  $('legend').replaceChildren(...items.flatMap(([kind, text]) => {
    const key = document.createElement('i');
    key.className = kind;
    return [key, text];
  }));
  const lost = before ? before.cells.filter(c => c.kind === 'lost') : [];
  listCells([...after.cells, ...lost]);
  $('count').textContent = `${after.cells.length}`
    + (before ? ` (${after.cells.filter(c => c.kind === 'gained').length} gained, ${lost.length} lost)` : '');
}

// position: thousandths of the width.
function moveBorder(position) {
  $('slider').value = position;
  stage.border = position / 1000;
}

function listCells(cells) {
  $('cells').querySelector('tbody').replaceChildren(...cells.map(cell => {
    const row = document.createElement('tr');
    const texts = [cell.label, cell.area, (2 * Math.sqrt(cell.area / Math.PI)).toFixed(1),
      cell.kind === 'same' ? '' : cell.kind];
    row.append(...texts.map(text => {
      const data = document.createElement('td');
      data.textContent = text;
      return data;
    }));
    row.lastChild.className = cell.kind;
    row.addEventListener('click', () => mark(row, cell, true));
    row.cell = cell;
    return row;
  }));
}

function mark(row, cell, move) {
  document.querySelectorAll('#cells .chosen').forEach(r => r.classList.remove('chosen'));
  row?.classList.add('chosen');
  if (!move) row?.scrollIntoView({ block: 'center' });
  stage.mark(cell, move);
}

function pick(y, x, sideIndex) {
  const side = sideIndex === 0 ? shown.before : shown.after;
  const inside = side && y >= 0 && x >= 0 && y < side.height && x < side.width;
  const label = inside ? side.labels[y * side.width + x] : 0;
  const cell = label ? side.cells.find(c => c.label === label) : null;
  // A cell found both times is listed once, with its label after.
  const row = [...document.querySelectorAll('#cells tbody tr')].find(r => r.cell === cell);
  mark(row ?? null, cell ?? null, false);
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
    present(file.name, picture(image, run.shownChannel), null, describe(labels, image.height, image.width));
    moveBorder(60);
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
  const link = document.createElement('a');
  link.href = URL.createObjectURL(npy(shown.after.labels, shown.after.height, shown.after.width));
  link.download = shown.name.replace(/\.[^.]*$/, '') + '_cp_masks.npy';
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

$('run').textContent = run.name;
$('report').hidden = !run.report;
if (!run.settings) $('live').textContent = run.why;
$('images').replaceChildren(...run.images.map((name, i) => {
  const item = document.createElement('li');
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = name;
  button.addEventListener('click', () => open(i));
  item.append(button);
  return item;
}));
$('slider').addEventListener('input', e => moveBorder(e.target.value));
$('show-outlines').addEventListener('change', e => { stage.options.outlines = e.target.checked; stage.draw(); });
$('show-fill').addEventListener('change', e => { stage.options.fill = e.target.checked; stage.draw(); });
$('fit').addEventListener('click', () => stage.fit());
$('one').addEventListener('click', () => stage.oneToOne());
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
addEventListener('keydown', e => {
  if (e.target.matches('input, a') || e.ctrlKey || e.metaKey || e.altKey) return;
  const centre = [$('canvas').clientWidth / 2, $('canvas').clientHeight / 2];
  const current = run.images.indexOf(shown.name);
  const actions = {
    '0': () => stage.fit(), '1': () => stage.oneToOne(), '+': () => stage.zoom(1.25, ...centre),
    '-': () => stage.zoom(0.8, ...centre),
    ArrowDown: () => open(Math.min(run.images.length - 1, current + 1)),
    ArrowUp: () => open(Math.max(0, current - 1)),
  };
  if (actions[e.key]) {
    e.preventDefault();
    actions[e.key]();
  }
});
if (run.images.length > 0) open(0); else say('This run left no images to show.', true);
