// Strokes: object and background painted by hand, a forest that learns from them at once, all images by it.

import { $, attempt, fill, h, post } from './dom.js';
import { showOwn } from './app.js';
import { BACKGROUND, NOTHING, OBJECT, Strokes } from './brush.js';
import { ForestMap } from './forestmap.js';
import { download, jobNote } from './jobs.js';
import { isBusy } from './run.js';

const TOOLS = [
  [OBJECT, 'Object', 'Paint objects (X changes to background)'], [BACKGROUND, 'Background', 'Paint background: what is no object (X changes to objects)'],
  [NOTHING, 'Eraser', 'Take strokes away (E)'], [null, 'Hand', 'Move the picture (H; or hold space, or the middle button)'],
];
const SIZES = [1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 70, 100];
export const keys = ['X: object / background', 'E: eraser', '[ ]: brush', 'Z: undo', 'space: move', 'wheel: zoom', 'arrows: images'];
const AFTER_MOVE = 250;
let panel;
let value = OBJECT;
let size = 5;
let opacity = 0.5;
let strokes = null;
let map = null;
let timer = 0;

export const isDone = state => state?.jobs.some(j => j.kind === 'strokes' && j.phase === 'done');

export function enter(studio, element) {
  panel = element;
  build(studio);
  opened(studio);
}

export function leave(studio) {
  map?.forget();
  strokes = map = null;
  clearTimeout(timer);
  for (const name of ['map', 'strokes']) studio.picture.layer(name, null);
  marked([]);
}

export async function opened(studio) {
  leave(studio);
  if (studio.step !== 'strokes') return;
  const { pixels, index, plane } = studio;
  take(studio, null);
  tell('');
  if (!pixels) return fill($('painted'));
  if (pixels.fullWidth > pixels.width) return tell('This image is shown smaller than it is. Cut it into parts to paint on it.', true);
  const url = what => `/api/images/${index}/${what}?plane=${plane}`;
  await attempt(async () => {
    const read = await Strokes.fetch(url('strokes'));
    if (studio.pixels !== pixels || studio.step !== 'strokes') return;
    [strokes, map] = [read, new ForestMap(url, pixels.height, pixels.width)];
    map.opacity = opacity;
    studio.picture.layer('map', (...tile) => map.paint(...tile, pixels.levels));
    studio.picture.layer('strokes', (...tile) => strokes.paint(...tile, pixels.levels));
    take(studio, value);
    count(studio);
    changed(studio);
    await refresh(studio, null);
  });
}

// What is seen has changed: the map follows where it does not reach.
export function viewed(studio) {
  clearTimeout(timer);
  if (map) timer = setTimeout(() => { if (map && !map.covers(studio.picture.visible())) attempt(() => refresh(studio, null)); }, AFTER_MOVE);
}

export function key(studio, e) {
  if (!strokes) return false;
  const actions = {
    x: () => take(studio, value === OBJECT ? BACKGROUND : OBJECT), e: () => take(studio, NOTHING), h: () => take(studio, null),
    z: () => undo(studio), '[': () => resize(studio, -1), ']': () => resize(studio, 1),
    ' ': () => grab(studio),
  };
  const action = actions[e.key.toLowerCase()];
  if (!action || e.target.matches('button, summary, a') && e.key === ' ') return false;
  action();
  return true;
}

function grab({ picture }) {
  if (picture.grabs) return;
  picture.grabs = true;
  picture.showHand();
  addEventListener('keyup', () => { picture.grabs = false; picture.showHand(); }, { once: true });
}

function take(studio, tool) {
  if (tool !== null) value = tool;
  const radius = size / 2;
  const move = at => {
    const part = strokes.to(at, value, radius);
    if (part) studio.picture.changed('strokes', part);
  };
  studio.picture.take(tool === null || !strokes ? null : {
    radius, start: at => { strokes.begin(); move(at); }, move,
    end: at => { if (at) move(at); afterStroke(studio, strokes.end()); },
  });
  for (const [v, text] of TOOLS) {
    $(`tool-${text.toLowerCase()}`)?.setAttribute('aria-pressed', String(v === (tool === null ? null : value)));
  }
}

function resize(studio, by) {
  const at = SIZES.findIndex(s => s >= size);
  size = SIZES[Math.min(SIZES.length - 1, Math.max(0, at + by))];
  $('brush').value = SIZES.indexOf(size);
  $('brush-px').textContent = `${size} px`;
  if (studio.picture.tool) take(studio, value);
}

function undo(studio) {
  const part = strokes?.undo();
  if (part) {
    studio.picture.changed('strokes');
    afterStroke(studio, part);
  }
}

// Strokes have changed within a rectangle: on the server's disk first, then the map.
async function afterStroke(studio, part) {
  if (!part) return;
  count(studio);
  const began = performance.now();
  const mine = strokes;
  // What the strokes before this one still cause is out of date.
  map.stop();
  await attempt(async () => {
    await mine.send(part).catch(e => {
      // What is not on the disk is not shown as if it were.
      if (mine === strokes) opened(studio);
      throw e;
    });
    if (mine === strokes) await refresh(studio, began);
  });
}

async function refresh(studio, began) {
  const { picture, pixels } = studio;
  const view = picture.visible();
  if (!view || view.height <= 0 || view.width <= 0) return;
  const time = () => (began === null ? '' : ` ${((performance.now() - began) / 1000).toFixed(1)} s after the stroke`);
  let text = '';
  await map.ask(view, there => {
    picture.changed('map');
    if (!text) text = there ? `Map redrawn${time()}.` : '';
    tell(there ? text : 'Paint some of both: objects and background.');
    panel.dataset.mapped = String(performance.now());
  }, (labels, why) => {
    if (!labels) {
      studio.showCells(null, null);
      if (why) tell(`${text} ${why}`);
      return;
    }
    showOwn(labels, pixels.height, pixels.width, 'by strokes', 'drawn');
    const n = studio.right.cells.length;
    tell(`${text} ${n} object${n === 1 ? '' : 's'}${time()}.`);
    panel.dataset.found = String(performance.now());
  });
}

function tell(text, bad = false) {
  const place = $('learnt');
  if (!place) return;
  place.textContent = text;
  place.className = bad ? 'note warn small' : 'small';
}

function count(studio) {
  const { objects, background } = strokes.counts();
  const others = studio.state.strokes.painted.filter(p => p.image !== studio.index || p.plane !== studio.plane).length;
  fill($('painted'), ...[
    ['object', `${objects} px`, 'object'], ['background', `${background} px`, 'background'], ['other images', others, ''],
  ].map(([text, n, kind]) => h('div', {}, h('b', {}, kind ? h('i', { className: `key ${kind}` }) : null, String(n)), h('span', {}, text))));
  $('undo').disabled = !strokes.canUndo;
  $('clear').disabled = objects + background === 0;
}

function build(studio) {
  const setup = studio.state.strokes;
  const slider = (id, text, properties, start, show, change, saved) => {
    const output = h('output', { id: `${id}-px` }, show(start));
    return [h('label', { htmlFor: id }, text), h('input', {
      id, type: 'range', ...properties, value: start, oninput: e => { output.textContent = show(Number(e.target.value)); change(Number(e.target.value)); },
      onchange: () => saved?.(),
    }), output];
  };
  const save = () => attempt(async () => {
    await post('/api/strokes', { enhance: setup.enhance, instances: setup.instances });
    if (map) await refresh(studio, null);
  });
  const instances = setup.instances;
  fill(panel,
    h('h2', {}, 'Strokes'),
    h('p', { className: 'dim small' }, 'Where no model knows the objects: paint a little inside objects and a little between them. What is painted stays.'),
    h('div', { className: 'row tools', role: 'group', 'aria-label': 'Tools' }, TOOLS.map(([v, text, title]) => h('button', {
      type: 'button', id: `tool-${text.toLowerCase()}`, title, 'aria-pressed': 'false', onclick: () => take(studio, v),
    }, v ? h('i', { className: `key ${v === OBJECT ? 'object' : 'background'}` }) : null, text))),
    h('div', { className: 'grid' },
      ...slider('brush', 'brush', { min: 0, max: SIZES.length - 1, step: 1 }, SIZES.indexOf(size), i => `${SIZES[i]} px`, i => {
        size = SIZES[i];
        if (studio.picture.tool) take(studio, value);
      }),
      ...slider('opacity', 'map', { min: 0, max: 100, step: 5 }, 100 * opacity, v => `${v} %`, v => {
        opacity = v / 100;
        if (map) map.opacity = opacity;
        studio.picture.changed('map');
      })),
    h('div', { className: 'row' },
      h('button', { type: 'button', id: 'undo', disabled: true, title: 'Take the last stroke back (Z)', onclick: () => undo(studio) }, 'Undo'),
      h('button', { type: 'button', id: 'clear', disabled: true, onclick: () => clear(studio) }, 'Clear this image')),
    h('div', { id: 'painted', className: 'figures three' }),
    h('p', { id: 'learnt', className: 'small', role: 'status' }),
    h('h3', {}, 'Objects'),
    h('label', { className: 'row small' }, h('input', {
      id: 'enhance', type: 'checkbox', checked: setup.enhance, onchange: e => { setup.enhance = e.target.checked; save(); },
    }), 'repair the map with the Prediction Enhancer'),
    h('div', { className: 'grid' },
      ...slider('threshold', 'objects above', { min: 0.05, max: 0.95, step: 0.05 }, instances.threshold, v => v.toFixed(2), v => { instances.threshold = v; }, save),
      ...slider('depth', 'part necks by', { min: 0, max: 10, step: 0.5 }, instances.depth, v => `${v} px`, v => { instances.depth = v; }, save),
      ...slider('smallest', 'smallest', { min: 0, max: 500, step: 5 }, instances.min_size, v => `${v} px`, v => { instances.min_size = v; }, save)),
    h('h3', {}, 'All images'),
    h('button', { type: 'button', className: 'main wide', id: 'apply', onclick: e => attempt(() => post('/api/jobs', { kind: 'strokes' }), e.target) },
      `Segment all ${studio.images.names.length} images`),
    h('div', { id: 'stroke-jobs' }),
    h('details', {}, h('summary', {}, 'Where the strokes are'), h('p', { className: 'path small' }, setup.folder),
      h('p', { className: 'small dim' }, 'Label images: 0 not painted, 1 background, 2 object. The verb ', h('code', {}, 'strokes'), ' takes the folder as it is.')));
  changed(studio);
}

function clear(studio) {
  if (!strokes || !confirm('Take all strokes on this image away? Undo brings them back.')) return;
  const part = strokes.clear();
  studio.picture.changed('strokes');
  afterStroke(studio, part);
}

export function changed(studio) {
  const place = $('stroke-jobs');
  if (!place) return;
  const jobs = studio.state.jobs.filter(j => j.kind === 'strokes' || j.kind === 'train');
  const painted = studio.state.strokes.painted;
  marked(painted.map(p => p.image));
  const both = painted.some(p => p.objects > 0) && painted.some(p => p.background > 0);
  $('apply').disabled = !both || studio.state.jobs.some(isBusy);
  const signature = JSON.stringify([jobs, studio.state.jobs.some(isBusy)]);
  if (place.dataset.key === signature) return;
  place.dataset.key = signature;
  const look = job => h('button', { type: 'button', onclick: () => studio.show('decide', job.name) }, 'Decide');
  fill(place, ...jobs.toReversed().map(job => (job.kind === 'strokes'
    ? jobNote(job, job.done, Math.max(job.done, studio.images.names.length), { resume: 'Begin again', discard: isBusy(job) ? 'Stop and delete' : 'Delete' },
      job.phase === 'done' ? [look(job), train(studio, job)] : null, download(job))
    : jobNote(job, job.done, Number(job.epochs), {
      keep: 'Stop and keep', resume: job.phase === 'failed' ? 'Begin again' : 'Go on', discard: isBusy(job) ? 'Stop and discard' : 'Delete',
    }, ['done', 'stopped'].includes(job.phase) ? look(job) : null))));
}

// Shows in the list which images carry strokes.
function marked(images) {
  document.querySelectorAll('#images li').forEach((item, i) => item.classList.toggle('painted', images.includes(i)));
}

// A network learns from the masks of a job.
export function train(studio, job) {
  return h('button', {
    type: 'button', className: 'train', disabled: studio.state.jobs.some(isBusy),
    onclick: e => attempt(async () => {
      await post('/api/jobs', { kind: 'train', labels: job.name });
      if (studio.step !== 'strokes') studio.show('strokes');
    }, e.target),
  }, 'Train a network');
}

