// Use: the decided model on the whole folder, files to take along, and the model run in the page itself.

import { $, attempt, fill, h, json, post, say } from './dom.js';
import { showOwn } from './app.js';
import { segment } from './live.js';
import { download, jobNote } from './jobs.js';
import { isBusy } from './run.js';

const FORMATS = [
  ['tif', 'label TIFF'], ['png', 'label PNG'], ['rois', 'ImageJ ROIs'], ['geojson', 'GeoJSON (QuPath)'], ['npy', '_seg.npy (Cellpose)'],
  ['csv', 'table of cells'], ['outlines', 'outlines as text'],
];
const EXPORTS = [
  ['bioimageio', 'BioImage.IO package'], ['onnx', 'ONNX'], ['portable', 'ONNX, portable'], ['cellpose', 'Cellpose checkpoint'],
];
const chosen = new Set(['tif']);
let panel;

export const isDone = state => state?.jobs.some(j => j.kind === 'segment' && j.phase === 'done');

export function enter(studio, element) {
  panel = element;
  const { accepted } = studio.state;
  fill(panel,
    h('h2', {}, 'Use'),
    h('p', {}, accepted
      ? accepted.step === 0 ? 'The original model is in use.' : `In use: the model of ${accepted.job}${accepted.step === null ? '' : `, step ${accepted.step}`}.`
      : 'Nothing is decided yet: the model of the set-up is in use.'),
    h('h3', {}, 'Segment the folder'),
    h('div', { className: 'formats' }, FORMATS.map(([id, text]) => h('label', {}, h('input', {
      type: 'checkbox', checked: chosen.has(id), onchange: e => { if (e.target.checked) chosen.add(id); else chosen.delete(id); },
    }), ` ${text}`))),
    h('button', { type: 'button', className: 'main wide', id: 'segment-all', onclick: e => attempt(() => post('/api/jobs', { kind: 'segment', formats: [...chosen] }), e.target) },
      `Segment all ${studio.images.names.length} images`),
    h('div', { id: 'batches' }),
    h('h3', {}, 'Take the model along'),
    h('div', { className: 'row' }, EXPORTS.map(([id, text]) => h('button', {
      type: 'button', id: `export-${id}`, disabled: !accepted, onclick: e => attempt(async () => {
        say(`Writing ${text} ...`);
        const { file } = await post('/api/export', { format: id });
        say(`${file} is written`);
      }, e.target),
    }, text))),
    accepted ? null : h('p', { className: 'dim small' }, 'Decide for a model first.'),
    h('ul', { id: 'exports' }),
    h('h3', {}, 'Try it in the page'),
    h('p', { className: 'dim small' }, 'Runs the model\u2019s ONNX file in this browser (onnxruntime-web) on the image in view: what any viewer built on ONNX would get.'),
    h('button', { type: 'button', id: 'try', onclick: e => run(studio, e.target) }, 'Run it on this image'),
    h('p', { id: 'tried', className: 'small' }),
    h('h3', {}, 'Where everything is'),
    h('p', { className: 'path small' }, studio.state.project),
    h('button', { type: 'button', onclick: e => attempt(() => post('/api/show'), e.target) }, 'Show in folder'));
  changed(studio);
  opened(studio);
}

export function opened(studio) {
  if (studio.step === 'use' && studio.pixels) {
    const { accepted } = studio.state;
    const model = accepted ? `&job=${accepted.job}${accepted.step === null ? '' : `&step=${accepted.step}`}` : '';
    studio.showCells(null, `/api/images/${studio.index}/masks?plane=${studio.plane}${model}`, ['', 'model in use']);
  }
}

export function changed(studio) {
  const place = $('batches');
  if (!place) return;
  const total = studio.images.names.length;
  const jobs = studio.state.jobs.filter(j => j.kind === 'segment' || j.kind === 'strokes');
  $('segment-all').disabled = studio.state.jobs.some(isBusy);
  const key = JSON.stringify([jobs, studio.state.exports]);
  if (place.dataset.key === key) return;
  place.dataset.key = key;
  fill(place, ...jobs.toReversed().map(job => jobNote(
    job, job.done, Math.max(total, job.done), job.kind === 'segment' ? { pause: 'Pause', resume: 'Go on', discard: isBusy(job) ? '' : 'Delete' } : {}, download(job))));
  fill($('exports'), ...studio.state.exports.map((name, i) => h('li', {}, h('a', { href: `/api/exports/${i}`, download: name }, name))));
}

async function run(studio, button) {
  const place = $('tried');
  await attempt(async () => {
    const { settings, why } = await json('/api/live');
    if (!settings) throw new Error(why);
    if (studio.pixels.fullWidth > studio.pixels.width) throw new Error('This image is shown smaller than it is: try a smaller one.');
    const began = performance.now();
    const labels = await segment(studio.pixels.floats(), settings, (done, total) => { place.textContent = `tile ${done} of ${total}`; });
    showOwn(labels, studio.pixels.height, studio.pixels.width, 'run in this page');
    place.textContent = `${studio.right.cells.length} cells, found in this browser in ${((performance.now() - began) / 1000).toFixed(1)} s`;
  }, button);
}
