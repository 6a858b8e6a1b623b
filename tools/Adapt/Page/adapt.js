// Adapt: one button, the run as it happens, and the checked images before and now.

import { attempt, fill, h, post } from './dom.js';
import { line } from './charts.js';
import { adaptations, checkedImages, isBusy, phaseText, RunLog } from './run.js';

const OPTIONS = [
  ['--minutes', 'Minutes at most', '10'], ['--iterations', 'Steps at most', '640'], ['--batch-size', 'Crops per step', '4'],
  ['--crop', 'Side of a crop, px', '128'], ['--learning-rate', 'Learning rate', '5e-5'], ['--views', 'Views of the teacher', '2'],
  ['--patience', 'Checks without a better one', '4'], ['--stop', 'Stopping rule', 'outlines'], ['--layers', 'Which weights learn', 'all'],
  ['--seed', 'Seed', '0'],
];
const given = {};
let panel;
let log = null;
let shownAt = null;

export const isDone = state => adaptations(state ?? { jobs: [] }).some(j => j.phase === 'done' || j.phase === 'stopped');

const latest = state => adaptations(state).at(-1);

export function enter(studio, element) {
  panel = element;
  shownAt = null;
  build(studio);
}

export function opened(studio) {
  shownAt = null;
  compare(studio);
}

export function changed(studio) {
  if (!document.getElementById('run') || document.getElementById('run').dataset.name !== (latest(studio.state)?.name ?? '')) build(studio);
  update(studio);
}

function build(studio) {
  const job = latest(studio.state);
  if (log?.name !== job?.name) log = job ? new RunLog(job.name) : null;
  const setup = studio.state.setup;
  fill(panel,
    h('h2', {}, 'Adapt'),
    h('p', { className: 'dim small' }, `The model trains itself on ${studio.images.names.length} images without labels, `
      + `${setup.diameter ? `with a diameter of ${setup.diameter} px` : 'with its own diameter'}. The original stays as it is.`),
    h('div', { id: 'begin' },
      h('button', { type: 'button', className: 'main wide', id: 'start', onclick: e => start(e.target) }, job ? 'Adapt anew' : 'Adapt'),
      h('details', { id: 'more' }, h('summary', {}, 'More'),
        h('div', { className: 'options' }, OPTIONS.flatMap(([flag, text, standard]) => [
          h('label', { htmlFor: flag }, text),
          choice(flag, standard)])))),
    h('div', { id: 'run', 'data-name': job?.name ?? '' }, job ? [
      h('h3', {}, job.name, h('span', { id: 'phase', className: 'dim' })),
      h('progress', { id: 'progress', max: 1, value: 0, 'aria-label': 'Progress' }),
      h('div', { id: 'figures', className: 'figures' }),
      h('div', { id: 'controls', className: 'row' }),
      h('div', { className: 'row small' }, h('label', { htmlFor: 'checked' }, 'images that checks look at'), h('select', {
        id: 'checked', onchange: e => studio.open(Number(e.target.value)),
      }, checkedImages(studio.images.names.length).map(i => h('option', { value: i, selected: i === studio.index }, studio.images.names[i])))),
      h('div', { id: 'curves' }),
      h('details', {}, h('summary', {}, 'What the run prints'), h('pre', { id: 'text' })),
    ] : []));
  update(studio);
}

function choice(flag, standard) {
  const change = e => { if (e.target.value) given[flag] = e.target.value; else delete given[flag]; };
  const words = { '--stop': ['outlines', 'fn', 'embedding', 'both', 'none'], '--layers': ['all', 'norm', 'shallow'] }[flag];
  return words
    ? h('select', { id: flag, onchange: change }, words.map(w => h('option', { value: w === standard ? '' : w, selected: given[flag] === w }, w)))
    : h('input', { id: flag, type: 'text', inputMode: 'decimal', placeholder: standard, value: given[flag] ?? '', onchange: change });
}

async function start(button) {
  await attempt(() => post('/api/jobs', { kind: 'adapt', options: given }), button);
}

async function update(studio) {
  const job = latest(studio.state);
  if (!job || !log || !document.getElementById('phase')) return;
  const place = id => document.getElementById(id);
  place('start').disabled = studio.state.jobs.some(isBusy);
  place('phase').textContent = `  ${phaseText(job)}`;
  place('text').textContent = job.text;
  controls(job, place('controls'), studio);
  await attempt(() => log.read(job.log_bytes));
  if (!document.getElementById('phase')) return;
  const step = log.steps.at(-1);
  const check = log.evaluations.at(-1);
  const first = log.evaluations[0];
  const most = Number(job.iterations ?? 640);
  const done = step?.iteration ?? 0;
  const limit = 60 * Number(job.minutes ?? (job.iterations ? 0 : 10));
  const share = Math.min(1, Math.max(done / most, limit && step ? step.seconds / limit : 0));
  place('progress').value = isBusy(job) || job.phase === 'paused' ? share : job.phase === 'failed' ? 0 : 1;
  const recent = log.steps.slice(-20);
  const speed = recent.length > 1 ? (recent.at(-1).seconds - recent[0].seconds) / (recent.length - 1) : null;
  const mean = values => values?.length ? values.reduce((a, b) => a + b, 0) / values.length : null;
  const percent = v => v === null || v === undefined ? '\u2013' : `${(100 * v).toFixed(1)} %`;
  fill(place('figures'), ...[
    ['step', `${done} / ${most}`],
    ['at most left', isBusy(job) && speed ? time(Math.min((most - done) * speed, limit ? Math.max(0, limit - step.seconds) : Infinity)) : '\u2013'],
    ['loss', step?.loss?.toFixed(4) ?? '\u2013'],
    ['pixels learnt from', percent(mean(step?.kept))],
    ['confidence', check ? percent(check.meanConfidence) : '\u2013'],
    ['cells lost (FN)', check ? percent(check.fnRate) : '\u2013'],
    ['cells now', check ? String(check.cells) : '\u2013'],
    ['cells before', first ? String(first.cells) : '\u2013'],
    ['best so far', log.kept ? `step ${log.kept.iteration}` : '\u2013'],
  ].map(([text, value]) => h('div', {}, h('b', {}, value), h('span', {}, text))));
  fill(place('curves'),
    h('h3', {}, 'Evidence in the images\u2019 own edges'), line('Evidence', log.evaluations.map(e => [e.iteration, e.evidence, e.kept]), { dots: true }),
    h('h3', {}, 'Cells in the checked images'), line('Cells', log.evaluations.map(e => [e.iteration, e.cells, e.kept]), { dots: true }),
    h('h3', {}, 'Loss'), line('Loss', log.steps.map(s => [s.iteration, s.loss])));
  compare(studio);
}

function controls(job, place, studio) {
  const key = `${job.name} ${job.phase}`;
  if (place.dataset.key === key) return;
  place.dataset.key = key;
  const button = (text, what, ask = null) => h('button', {
    type: 'button', id: `do-${what}`, onclick: e => {
      if (!ask || confirm(ask)) attempt(() => post(`/api/jobs/${job.name}/${what}`), e.target);
    },
  }, text);
  const go = h('button', { type: 'button', className: 'main', onclick: () => studio.show('decide', job.name) }, 'Decide');
  const discard = button('Discard', 'discard', 'Delete this run and all that it learnt?');
  fill(place, ...{
    running: [button('Pause', 'pause'), button('Stop and keep best', 'keep'), button('Stop and discard', 'discard', 'End this run and delete what it learnt?')],
    stopping: [h('span', { className: 'dim' }, 'It finishes its step and saves.')],
    paused: [button('Go on', 'resume'), discard],
    stopped: [go, button('Go on', 'resume'), discard],
    done: [go, discard],
    failed: [h('p', { className: 'bad' }, 'The run ended with an error; see what it printed.'), button('Try again', 'resume'), discard],
  }[job.phase]);
}

// The image in view with the original's cells and those of the last check.
async function compare(studio) {
  const job = latest(studio.state);
  const step = job?.steps.at(-1);
  if (studio.step !== 'adapt' || !studio.pixels || !job || step === undefined) return;
  const key = `${job.name} ${step} ${studio.index} ${studio.plane}`;
  if (shownAt === key) return;
  shownAt = key;
  const url = s => `/api/images/${studio.index}/masks?plane=${studio.plane}&job=${job.name}&step=${s}`;
  const checked = checkedImages(studio.images.names.length).includes(studio.index);
  await studio.showCells(url(0), url(step), ['before', step === 0 ? 'now, no step yet' : `now, after step ${step}${checked ? ', a checked image' : ''}`]);
}

const time = s => (s < 90 ? `${Math.round(s)} s` : `${Math.round(s / 60)} min`);
