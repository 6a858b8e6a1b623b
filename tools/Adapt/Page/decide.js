// Decide: before and after on any image, checkpoints along the run, the verdict, and what is taken along.

import { attempt, fill, h, json, post } from './dom.js';
import { line } from './charts.js';
import { phaseText, RunLog } from './run.js';
import { train } from './strokes.js';

let panel;
let job = null;
let step = null;
let log = null;
let summary = null;

export const isDone = state => Boolean(state?.accepted);

const decidable = state => state.jobs.filter(j => ['adapt', 'strokes', 'train'].includes(j.kind) && ['done', 'stopped'].includes(j.phase));

// wanted: the name of the run to look at.
export async function enter(studio, element, wanted = job?.name) {
  panel = element;
  const runs = decidable(studio.state);
  fill(panel, h('h2', {}, 'Decide'));
  if (runs.length === 0) {
    job = null;
    panel.append(h('p', {}, 'There is no finished run yet.'), h('button', { type: 'button', onclick: () => studio.show('adapt') }, 'Go to Adapt'));
    return;
  }
  await choose(studio, runs.find(r => r.name === wanted) ?? runs.at(-1));
}

async function choose(studio, run) {
  if (job?.name !== run.name) step = null;
  job = run;
  log = new RunLog(job.name);
  summary = await attempt(async () => {
    if (job.kind !== 'adapt') return json(`/api/jobs/${job.name}/result`);
    await log.read(job.log_bytes);
    return json(`/api/jobs/${job.name}/summary`);
  });
  if (!summary) return;
  // Null: what the run kept, which has no step of its own where it is the original's weights with a power of intensities.
  step ??= job.kind === 'adapt' && (summary.kept_iteration > 0 || summary.kept_original !== false) ? summary.kept_iteration : null;
  build(studio);
  opened(studio);
}

export function changed(studio) {
  if (studio.step !== 'decide') return;
  const now = studio.state.accepted;
  const place = document.getElementById('accepted');
  if (job === null ? decidable(studio.state).length > 0 : !studio.state.jobs.some(j => j.name === job.name)) enter(studio, panel);
  else if (place && place.dataset.key !== JSON.stringify(now)) accepted(studio, place);
}

function build(studio) {
  const runs = decidable(studio.state);
  fill(panel,
    h('h2', {}, 'Decide'),
    runs.length > 1 ? h('div', { className: 'row' }, h('select', {
      id: 'decided-run', 'aria-label': 'Run', onchange: e => choose(studio, runs.find(r => r.name === e.target.value)),
    }, runs.map(r => h('option', { value: r.name, selected: r.name === job.name }, `${r.name}, ${phaseText(r)}`)))) : null,
    ...{ adapt: ofAdaptation, strokes: ofStrokes, train: ofTraining }[job.kind](studio));
  const place = document.getElementById('accepted');
  if (place) accepted(studio, place);
}

const change = () => [h('h3', {}, 'In this image'), h('div', { id: 'change' }, h('p', { className: 'dim' }, '...'))];

const decision = (studio, text, original) => [
  h('h3', {}, 'Your decision'),
  h('div', { className: 'row' },
    h('button', { type: 'button', className: 'main', id: 'accept', onclick: e => take(studio, step, e.target) }, text),
    original ? h('button', { type: 'button', id: 'keep-original', onclick: e => take(studio, 0, e.target) }, 'Keep the original') : null),
  h('div', { id: 'accepted' }),
];

function ofStrokes(studio) {
  return [
    h('p', { className: 'note small' }, h('b', {}, `Masks of ${summary.images.length} images by strokes. `),
      `A forest of ${summary.trees} trees learnt from ${summary.stroke_pixels} painted pixels`, summary.enhancer ? '; its maps were repaired by the Prediction Enhancer. ' : '. ',
      'Below, they are compared with what the model of the set-up finds.'),
    summary.skipped.length ? h('details', { className: 'note warn small' }, h('summary', {}, `${summary.skipped.length} files were passed over`),
      h('ul', {}, summary.skipped.map(s => h('li', {}, `${s.file.split(/[\\/]/).at(-1)}: ${s.reason}`)))) : null,
    ...change(),
    h('h3', {}, 'From here'),
    h('p', { className: 'small' }, 'The masks are ready, in the formats of the folder that ', h('i', {}, 'Use'), ' names. A network that learns from them gives a model: quicker on many images, and it parts touching objects.'),
    h('div', { className: 'row' }, train(studio, job), h('button', { type: 'button', onclick: () => studio.show('use') }, 'Use the masks')),
  ];
}

function ofTraining(studio) {
  return [
    h('p', { className: 'note small' }, h('b', {}, `A network that learnt from the masks of ${job.labels}. `),
      `${summary.images} images, ${summary.epochs} passes, loss ${summary.loss?.toFixed(4)}; objects of ${summary.mean_diameter?.toFixed(1)} px. `,
      'It knows only those masks: where they were wrong, it has learnt that. Look at images that were not painted.'),
    ...change(),
    ...decision(studio, 'Use the trained model', true),
  ];
}

function ofAdaptation(studio) {
  const verdict = summary.verdict ?? { headline: '', reason: '', advice: '', precision: '', warnings: [] };
  const steps = job.steps.length > 0 ? job.steps : [0];
  return [
    h('p', { className: 'note small' }, h('b', {}, verdict.headline + '. '), verdict.reason, verdict.advice ? h('span', {}, ' ' + verdict.advice) : null),
    verdict.precision ? h('p', { className: 'small' }, verdict.precision) : null,
    ...verdict.warnings.map(w => h('p', { className: 'note warn small' }, w)),
    job.report ? h('p', {}, h('a', { href: `/api/jobs/${job.name}/report`, target: '_blank', rel: 'noopener' }, 'The whole report')) : null,
    ...change(),
    ...decision(studio, step === 0 ? 'Keep the original' : step === null ? 'Use the adapted model' : `Use the model of step ${step}`, step !== 0),
    h('h3', {}, 'Checkpoints along the run'),
    line('Evidence', log.evaluations.map(e => [e.iteration, e.evidence, e.iteration === summary.kept_iteration]), { dots: true }),
    h('div', { className: 'scroll' }, h('table', { 'aria-label': 'Checkpoints' },
      h('thead', {}, h('tr', {}, ...['after step', 'cells', 'lost', 'evidence'].map(t => h('th', {}, t)))),
      h('tbody', {}, log.evaluations.filter(e => steps.includes(e.iteration)).map(e => row(studio, e, e.iteration)),
        log.power && log.power.iteration === 0 ? row(studio, log.power, null) : null))),
    job.spare_bytes > 0 ? h('div', { className: 'row' }, h('button', {
      type: 'button', id: 'clear-snapshots', onclick: e => clearSnapshots(studio, e.target),
    }, `Clear snapshots, frees ${Math.ceil(job.spare_bytes / 1e6)} MB`), h('span', { className: 'dim small' }, 'The kept, the decided and the original stay.')) : null,
  ];
}

async function clearSnapshots(studio, button) {
  if (!confirm('Delete the weights of all other steps? They can\u2019t be looked at or chosen any more.')) return;
  await attempt(async () => {
    await post(`/api/jobs/${job.name}/clear`);
    studio.state = await json('/api/state');
    step = null;
    await choose(studio, studio.state.jobs.find(j => j.name === job.name));
  }, button);
}

function row(studio, e, at) {
  const kept = at === null || (at === summary.kept_iteration && summary.kept_original !== false) || (at > 0 && at === summary.kept_iteration);
  const shown = kept && log.power ? log.power : e;
  const go = () => {
    step = at;
    build(studio);
    opened(studio);
  };
  return h('tr', { tabIndex: 0, 'data-step': at ?? 'kept', 'aria-selected': at === step ? 'true' : null, onclick: go, onkeydown: k => { if (k.key === 'Enter') go(); } },
    h('td', {}, (at === 0 ? 'original' : at ?? 'original\u2019s weights') + (shown === log.power ? `, power ${shown.gamma}` : '') + (kept && at !== 0 ? ' (kept)' : '')),
    h('td', {}, String(shown.cells)), h('td', {}, at === 0 ? '' : `${(100 * shown.fnRate).toFixed(1)} %`), h('td', {}, shown.evidence?.toFixed(1) ?? ''));
}

export async function opened(studio) {
  if (!job || !studio.pixels || studio.step !== 'decide') return;
  const url = s => `/api/images/${studio.index}/masks?plane=${studio.plane}&job=${job.name}${s === null ? '' : `&step=${s}`}`;
  const now = { adapt: step === 0 ? 'the original' : step === null ? 'adapted' : `after step ${step}`, strokes: 'by strokes', train: 'trained on strokes' }[job.kind];
  const shown = await studio.showCells(url(0), url(step), [job.kind === 'strokes' ? 'model' : 'before', now]);
  const place = document.getElementById('change');
  if (!place) return;
  if (!shown) return fill(place, h('p', { className: 'dim small' }, 'Nothing to compare here.'));
  const { left, right, change } = shown;
  fill(place, h('div', { className: 'figures four' }, ...[
    [job.kind === 'strokes' ? 'model' : 'before', left.cells.length, ''], [job.kind === 'strokes' ? 'strokes' : 'after', right.cells.length, ''], ['gained', `+${change.gained}`, 'gained'], ['lost', `\u2212${change.lost}`, 'lost'],
  ].map(([text, value, kind]) => h('div', {}, h('b', { className: kind }, String(value)), h('span', {}, text)))));
}

async function take(studio, chosen, button) {
  await attempt(async () => {
    await post('/api/accept', { job: job.name, step: chosen });
    studio.state.accepted = { job: job.name, step: chosen };
    accepted(studio, document.getElementById('accepted'));
  }, button);
}

function accepted(studio, place) {
  const now = studio.state.accepted;
  place.dataset.key = JSON.stringify(now);
  fill(place, ...now ? [
    h('p', { className: 'good' }, now.step === 0 ? 'Decided: the original model stays.' : `Decided: the model of ${now.job}${now.step === null ? '' : ` after step ${now.step}`}.`),
    h('button', { type: 'button', onclick: () => studio.show('use') }, 'Next: Use'),
  ] : []);
}
