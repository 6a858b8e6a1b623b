// Set up: model, channels, diameter, and a preview on the image in view.

import { $, attempt, fill, h, json, post, say } from './dom.js';
import { medianDiameter } from './cells.js';
import { isBusy } from './run.js';

let panel;
let facts = null;
let saving = Promise.resolve();
let save = () => {};

export const isDone = state => state?.jobs.some(j => j.kind === 'adapt') || state?.setup.diameter;

export async function enter(studio, element) {
  panel = element;
  fill(panel, h('h2', {}, 'Set up'));
  facts = await attempt(() => post('/api/setup', studio.state.setup));
  build(studio);
}

export function opened(studio) {
  if (facts) build(studio);
}

function build(studio) {
  if (studio.step !== 'setup') return;
  const { setup } = studio.state;
  const change = async values => {
    Object.assign(setup, values);
    const asked = { ...setup };
    saving = saving.then(async () => { facts = await attempt(() => post('/api/setup', asked)) ?? facts; });
    await saving;
  };
  const rebuild = async values => { await change(values); build(studio); };
  const channels = studio.pixels?.channels ?? 1;
  const option = (value, text, chosen) => h('option', { value, selected: String(value) === String(chosen) }, text);
  fill(panel,
    h('h2', {}, 'Set up'),
    h('h3', {}, 'Model'),
    h('div', { className: 'row' }, h('select', { id: 'model', 'aria-label': 'Model', onchange: e => rebuild({ model: e.target.value || null }) },
      option('', 'Nuclei (comes with SelfAdapt)', setup.model ?? ''),
      ...[...new Set([...studio.images.models, ...setup.model ? [setup.model] : []])].map(m => option(m, m.split(/[\\/]/).at(-1), setup.model)))),
    h('details', {}, h('summary', {}, 'Another file, or find out which fits best'),
      h('form', { className: 'row', onsubmit: e => { e.preventDefault(); rebuild({ model: e.target.elements.file.value || null }); } },
        h('input', { type: 'text', name: 'file', 'aria-label': 'Path of a model file', placeholder: 'path of an ONNX file or Cellpose checkpoint' }), h('button', {}, 'Take')),
      h('div', { className: 'row' },
        h('button', { type: 'button', onclick: e => attempt(() => post('/api/jobs', { kind: 'rank' }), e.target) }, 'Rank the models'),
        h('span', { className: 'dim small' }, `${studio.images.models.length + 1} to compare, without labels`)),
      h('div', { id: 'ranks' })),
    facts?.why ? h('p', { className: 'note warn' }, facts.why) : null,
    ...channels > 1 ? [
      h('h3', {}, 'Channels'),
      h('div', { className: 'options' },
        h('label', { htmlFor: 'first' }, 'to segment'),
        h('select', { id: 'first', onchange: e => rebuild({ first_channel: Number(e.target.value) }) },
          option(0, 'mean of all', setup.first_channel), ...Array.from({ length: channels }, (_, c) => option(c + 1, `channel ${c + 1}`, setup.first_channel))),
        h('label', { htmlFor: 'second' }, 'helper, such as nuclei'),
        h('select', { id: 'second', onchange: e => rebuild({ second_channel: Number(e.target.value) }) },
          option(0, 'none', setup.second_channel), ...Array.from({ length: channels }, (_, c) => option(c + 1, `channel ${c + 1}`, setup.second_channel)))),
    ] : [],
    h('label', { className: 'row' }, h('input', { type: 'checkbox', checked: setup.invert, onchange: e => change({ invert: e.target.checked }) }), ' dark objects on a bright ground'),
    ...facts?.flow === false ? [h('p', { className: 'dim small' }, 'This network is not bound to a size: there is no diameter to set.')] : [
      h('h3', {}, 'Diameter of the objects'),
      h('div', { className: 'row' },
        h('input', { id: 'diameter', type: 'number', min: 1, max: 10000, step: 'any', 'aria-label': 'Diameter in pixels', value: setup.diameter ?? facts?.diameter ?? '', onchange: e => circle(studio, Number(e.target.value), change) }), 'px',
        h('button', { type: 'button', id: 'draw', disabled: !studio.pixels, 'aria-pressed': 'false', onclick: e => draw(studio, e.target) }, 'Draw across a cell'),
        h('button', { type: 'button', id: 'estimate', disabled: !studio.pixels, onclick: e => estimate(studio, e.target, change) }, 'Estimate')),
      h('p', { className: 'dim small', id: 'doubt' }, setup.diameter ? 'The circle in the image has this diameter.' : 'This is the model\u2019s own. Draw a line across a typical cell, or have it estimated.'),
    ],
    h('button', { type: 'button', className: 'main wide', id: 'preview', disabled: !studio.pixels, onclick: e => preview(studio, e.target) }, 'Preview on this image'),
    h('p', { id: 'previewed', className: 'small' }),
    h('div', { className: 'row' }, h('button', { type: 'button', onclick: () => studio.show('adapt') }, 'Next: Adapt')));
  save = change;
  if (setup.diameter) studio.picture.centreCircle(setup.diameter);
  changed(studio);
}

async function circle(studio, diameter, change) {
  if (!(diameter > 0)) return;
  $('diameter').value = Math.round(diameter * 10) / 10;
  studio.picture.centreCircle(diameter);
  await change({ diameter: Math.round(diameter * 10) / 10 });
}

// A line drawn across a cell becomes a circle around it.
function draw(studio, button) {
  const { picture } = studio;
  const on = !picture.tool;
  let from = null;
  const circle = ([y, x]) => {
    const diameter = Math.hypot(y - from[0], x - from[1]);
    picture.circle = { y: (y + from[0]) / 2, x: (x + from[1]) / 2, diameter };
    picture.paint();
    if (diameter >= 1) $('diameter').value = diameter.toFixed(1);
    return diameter;
  };
  picture.take(on ? {
    start: at => { from = at; },
    move: circle,
    end: at => {
      if (at && circle(at) >= 1) drawn(studio, picture.circle.diameter);
    },
  } : null);
  button.setAttribute('aria-pressed', String(on));
  say(on ? 'Press at one edge of a cell, drag to the other.' : '');
}

function drawn(studio, diameter) {
  draw(studio, $('draw'));
  $('doubt').textContent = 'The circle in the image has this diameter. Draw again to change it.';
  save({ diameter: Math.round(diameter * 10) / 10 });
}

async function estimate(studio, button, change) {
  $('doubt').textContent = 'Trying sizes on this image and two others ...';
  const found = await attempt(() => post('/api/diameter', { image: studio.index, plane: studio.plane }), button);
  if (!found?.diameter) {
    $('doubt').textContent = found ? 'No object was found at any size: draw across a cell instead.' : '';
    return;
  }
  await circle(studio, found.diameter, change);
  $('doubt').textContent = found.doubt ? `Look at the preview: ${found.doubt}.` : 'Estimated on this image and two others; the circle has this diameter.';
}

async function preview(studio, button) {
  button.disabled = true;
  await saving;
  const began = performance.now();
  const shown = await studio.showCells(null, `/api/images/${studio.index}/masks?plane=${studio.plane}`, ['', 'preview']);
  button.disabled = false;
  if (!shown || !$('previewed')) return;
  const cells = shown.right.cells;
  const slow = studio.state.jobs.some(isBusy) ? ' on one processor, because a run is going on' : '';
  $('previewed').textContent = `${cells.length} cells in ${((performance.now() - began) / 1000).toFixed(1)} s${slow}`
    + (cells.length ? `, median diameter ${medianDiameter(cells).toFixed(1)} px.` : '. Try another diameter or model.');
}

// The ranking, once it is there.
export async function changed(studio) {
  const job = studio.state.jobs.filter(j => j.kind === 'rank').at(-1);
  const place = $('ranks');
  if (!job || !place || place.dataset.shown === `${job.name} ${job.phase} ${job.text.length}`) return;
  place.dataset.shown = `${job.name} ${job.phase} ${job.text.length}`;
  if (job.phase !== 'done') {
    fill(place, h('p', { className: 'dim small' }, job.phase === 'running' ? 'Asking each model ...' : job.text));
    return;
  }
  const result = await attempt(() => json(`/api/jobs/${job.name}/result`));
  if (!result) return;
  fill(place,
    h('table', {}, h('thead', {}, h('tr', {}, ...['model', 'score', 'cells', 'px'].map(t => h('th', {}, t)))),
      h('tbody', {}, result.models.map(m => h('tr', {}, h('td', {}, m.model.split(/[\\/]/).at(-1)),
        h('td', {}, m.score?.toFixed(3) ?? ''), h('td', {}, String(m.cells)), h('td', {}, m.diameter?.toFixed(1) ?? ''))))),
    h('p', { className: 'small' }, result.models.reduce((text, m) => text.replaceAll(m.model, m.model.split(/[\\/]/).at(-1)), result.verdict)));
}
