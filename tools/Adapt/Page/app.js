// The studio: what is open, which step and image are shown, and the state that the server sends.

import { $, attempt, fill, h, json, post, say } from './dom.js';
import { cellsOf, compare, fetchCells } from './cells.js';
import { bindPicture, drawLegend, showSides } from './controls.js';
import { fetchImage, standardView } from './pixels.js';
import { Picture } from './picture.js';
import { planeSliders } from './planes.js';
import { List } from './list.js';
import * as look from './look.js';
import * as setup from './setup.js';
import * as adapt from './adapt.js';
import * as strokes from './strokes.js';
import * as decide from './decide.js';
import * as use from './use.js';
import * as runview from './runview.js';

let steps = [
  ['look', '1 Look', look], ['setup', '2 Set up', setup], ['adapt', '3 Adapt', adapt], ['strokes', 'or Strokes', strokes],
  ['decide', '4 Decide', decide], ['use', '5 Use', use],
];

// What all pages see. Scripts read it through import('/page/app.js').
export const studio = {
  state: null, images: null, step: 'look', index: 0, plane: 0, pixels: null, view: null, left: null, right: null, change: null,
  picture: null, show, showCells, adjust, open, page: () => page, image: () => studio.images.names[studio.index],
};

const picture = studio.picture = new Picture($('canvas'), pick);
const list = new List($('images'), index => open(index));
let loading = new AbortController();

function page() { return steps.find(s => s[0] === studio.step)[2]; }

function heading() {
  fill($('steps'), ...steps.map(([id, title, module]) => h('li', {}, h('button', {
    type: 'button', 'aria-current': studio.step === id ? 'step' : null, onclick: () => show(id),
  }, `${title} `, module.isDone?.(studio.state) ? h('i', { title: 'done' }, '\u2713') : ''))));
}

// Goes to a step; what: of what it is asked to tell.
function show(step, what) {
  page().leave?.(studio);
  studio.step = step;
  picture.circle = null;
  picture.take(null);
  remember();
  heading();
  showCells(null, null);
  page().enter(studio, $('panel'), what);
}

// Opens an image; the step's page decides what is drawn over it.
async function open(index, plane = 0) {
  loading.abort();
  loading = new AbortController();
  const { signal } = loading;
  Object.assign(studio, { index, plane });
  remember();
  list.choose(index);
  $('name').textContent = studio.image();
  await attempt(async () => {
    const pixels = await fetchImage(`/api/images/${index}/pixels?plane=${plane}`, signal).catch(e => {
      if (!signal.aborted) clear(e.message);
      throw e;
    });
    if (signal.aborted) return;
    planeSliders($('planes'), pixels.stack, plane, p => open(index, p));
    showPixels(pixels);
    say('');
    page().opened?.(studio);
  });
}

function showPixels(pixels) {
  if (!studio.view || studio.view.channels.length !== pixels.channels) studio.view = standardView(pixels);
  studio.pixels = pixels;
  $('unreadable').hidden = true;
  $('facts').textContent = `${pixels.fullWidth} \u00d7 ${pixels.fullHeight} px, ${pixels.channels} channel${pixels.channels === 1 ? '' : 's'}`
    + (pixels.fullWidth > pixels.width ? ', shown smaller' : '');
  picture.show(pixels, studio.view);
  showCells(null, null);
}

// Shows an image that is none of the folder's.
export function present(name, pixels) {
  loading.abort();
  list.choose(-1);
  fill($('planes'));
  $('name').textContent = name;
  showPixels(pixels);
}

// An image that can't be read leaves nothing of the one before.
function clear(why) {
  studio.pixels = null;
  $('facts').textContent = '';
  $('unreadable').textContent = why.replace(/^.*[\\/](?=[^\\/]*: )/, '');
  $('unreadable').hidden = false;
  fill($('planes'));
  picture.show(null, studio.view);
  showCells(null, null);
  page().opened?.(studio);
}

function adjust() { picture.adjust(studio.view); }

// Cells to draw: promises of addresses' label images, or null. Gives the sides once they are drawn.
async function showCells(leftUrl, rightUrl, texts = ['', '']) {
  const mine = showCells.request = (showCells.request ?? 0) + 1;
  const { signal } = loading;
  const wanted = [leftUrl, rightUrl];
  if (!rightUrl) {
    [studio.left, studio.right, studio.change] = [null, null, null];
    drawCells(['', '']);
    return null;
  }
  $('wait').hidden = false;
  try {
    const [left, right] = await Promise.all(wanted.map(u => u && fetchCells(u, studio.pixels, signal)));
    if (mine !== showCells.request) return null;
    const change = left ? compare(left, right) : null;
    Object.assign(studio, { left, right, change });
    drawCells(texts);
    return { left, right, change };
  } catch (e) {
    if (e.name !== 'AbortError') say(e.message, true);
    return null;
  } finally {
    if (mine === showCells.request) $('wait').hidden = true;
  }
}

// Cells that the page has as labels; kind: how they are drawn.
export function showOwn(labels, height, width, text, kind = 'same') {
  showCells.request = (showCells.request ?? 0) + 1;
  const right = cellsOf(labels, height, width, 1);
  for (const cell of right.cells) cell.kind = kind;
  Object.assign(studio, { left: null, right, change: null });
  drawCells(['', text]);
}

function drawCells(texts) {
  showSides(picture, studio.left, studio.right, texts);
  drawLegend(studio.left, studio.right, page().keys);
}

function pick(y, x, index) {
  const side = index === 0 ? studio.left : studio.right;
  const label = side && y >= 0 && x >= 0 && y < side.height && x < side.width ? side.labels[y * side.width + x] : 0;
  const cell = label ? side.cells.find(c => c.label === label) : null;
  picture.mark(cell, false);
  if (cell) say(`cell ${cell.label}: ${cell.area} px, diameter ${cell.diameter.toFixed(1)} px`);
  page().picked?.(studio, cell);
}

function remember() {
  history.replaceState(null, '', `#${studio.step}/${studio.index}`);
}

function listen() {
  let source = null;
  // A browser allows six connections to a server: a page that is not looked at gives its own back.
  const connect = () => {
    source?.close();
    source = null;
    if (document.hidden) return;
    source = new EventSource('/api/events');
    source.onmessage = e => {
      studio.state = JSON.parse(e.data);
      heading();
      page().changed?.(studio);
      if ($('status').textContent.startsWith('The studio')) say('');
    };
    source.addEventListener('busy', () => {
      source.close();
      say('Too many pages of this studio are open: close some, and load this one again.', true);
    });
    source.onerror = () => say('The studio does not answer. Is it still running? Its runs go on without it.', true);
  };
  document.addEventListener('visibilitychange', connect);
  connect();
}

function bind() {
  bindPicture(picture, by => open(list.beside(studio.index, by)), e => page().key?.(studio, e));
  picture.onView = () => page().viewed?.(studio);
  $('filter').addEventListener('input', e => list.filter(e.target.value));
}

function welcome() {
  $('welcome').hidden = !$('welcome').hidden;
  $('path').focus();
}

async function start() {
  $('folder').addEventListener('click', welcome);
  $('open').addEventListener('submit', e => {
    e.preventDefault();
    attempt(async () => {
      await post('/api/open', { folder: $('path').value });
      location.replace('/');
    });
  });
  const response = await fetch('/api/state');
  if (response.status === 409) return welcome();
  if (!response.ok) return say(await response.text(), true);
  [studio.state, studio.images] = [await response.json(), await json('/api/images')];
  const { run } = studio.state;
  // A run's folder is looked at, and nothing else.
  if (run) [steps, studio.step] = [[['run', run.name, runview]], 'run'];
  else named(studio.state.images);
  list.fill(studio.images.names);
  const { names, skipped } = studio.images;
  $('listed').textContent = `${names.length} image${names.length === 1 ? '' : 's'}` + (skipped ? `, ${skipped} files not read` : '');
  bind();
  const [step, index] = location.hash.slice(1).split('/');
  show(steps.some(s => s[0] === step) ? step : steps[0][0]);
  if (names.length === 0) return say(run ? 'This run left no images to show.' : 'This folder holds no image that can be read.', true);
  await open(Math.min(names.length - 1, Number(index) || 0));
  if (!run) listen();
}

function named(folder) {
  $('folder').textContent = folder.split(/[\\/]/).at(-1);
  $('folder').title = `${folder}: open another folder`;
  $('folder').hidden = false;
}

await attempt(start);
performance.mark('studio-ready');
