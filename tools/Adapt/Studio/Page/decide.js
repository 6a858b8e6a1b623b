// Decide: before and after on any image, checkpoints along the run, the verdict, and what is taken along.

import { attempt, fill, h, json, post } from './dom.js';
import { line } from './charts.js';
import { adaptations, phaseText, RunLog } from './run.js';

let panel;
let job = null;
let step = null;
let log = null;
let summary = null;

export const isDone = state => Boolean(state?.accepted);

const decidable = state => adaptations(state).filter(j => ['done', 'stopped'].includes(j.phase));

export async function enter(studio, element) {
  panel = element;
  const runs = decidable(studio.state);
  fill(panel, h('h2', {}, 'Decide'));
  if (runs.length === 0) {
    job = null;
    panel.append(h('p', {}, 'There is no finished run yet.'), h('button', { type: 'button', onclick: () => studio.show('adapt') }, 'Go to Adapt'));
    return;
  }
  await choose(studio, runs.find(r => r.name === job?.name) ?? runs.at(-1));
}

async function choose(studio, run) {
  if (job?.name !== run.name) step = null;
  job = run;
  log = new RunLog(job.name);
  await attempt(async () => {
    summary = await json(`/api/jobs/${job.name}/summary`);
    await log.read(job.log_bytes);
  });
  if (!summary) return;
  step ??= summary.kept_iteration;
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
  const verdict = summary.verdict ?? { headline: '', reason: '', advice: '', precision: '', warnings: [] };
  const steps = job.steps.length > 0 ? job.steps : [0];
  fill(panel,
    h('h2', {}, 'Decide'),
    runs.length > 1 ? h('div', { className: 'row' }, h('select', {
      'aria-label': 'Run', onchange: e => choose(studio, runs.find(r => r.name === e.target.value)),
    }, runs.map(r => h('option', { value: r.name, selected: r.name === job.name }, `${r.name}, ${phaseText(r)}`)))) : null,
    h('p', { className: 'note small' }, h('b', {}, verdict.headline + '. '), verdict.reason, verdict.advice ? h('span', {}, ' ' + verdict.advice) : null),
    verdict.precision ? h('p', { className: 'small' }, verdict.precision) : null,
    ...verdict.warnings.map(w => h('p', { className: 'note warn small' }, w)),
    job.report ? h('p', {}, h('a', { href: `/api/jobs/${job.name}/report`, target: '_blank', rel: 'noopener' }, 'The whole report')) : null,
    h('h3', {}, 'In this image'),
    h('div', { id: 'change' }, h('p', { className: 'dim' }, '...')),
    h('h3', {}, 'Your decision'),
    h('div', { className: 'row' },
      h('button', { type: 'button', className: 'main', id: 'accept', onclick: e => take(studio, step, e.target) }, step === 0 ? 'Keep the original' : `Use the model of step ${step}`),
      step === 0 ? null : h('button', { type: 'button', id: 'keep-original', onclick: e => take(studio, 0, e.target) }, 'Keep the original')),
    h('div', { id: 'accepted' }),
    h('h3', {}, 'Checkpoints along the run'),
    line('Evidence', log.evaluations.map(e => [e.iteration, e.evidence, e.iteration === summary.kept_iteration]), { dots: true }),
    h('div', { className: 'scroll' }, h('table', { 'aria-label': 'Checkpoints' },
      h('thead', {}, h('tr', {}, ...['after step', 'cells', 'lost', 'evidence'].map(t => h('th', {}, t)))),
      h('tbody', {}, log.evaluations.filter(e => steps.includes(e.iteration)).map(e => row(studio, e))))));
  accepted(studio, document.getElementById('accepted'));
}

function row(studio, e) {
  const kept = e.iteration === summary.kept_iteration;
  const go = () => {
    step = e.iteration;
    build(studio);
    opened(studio);
  };
  return h('tr', { tabIndex: 0, 'data-step': e.iteration, 'aria-selected': e.iteration === step ? 'true' : null, onclick: go, onkeydown: k => { if (k.key === 'Enter') go(); } },
    h('td', {}, e.iteration === 0 ? 'original' : `${e.iteration}${kept ? ' (kept)' : ''}`), h('td', {}, String(e.cells)),
    h('td', {}, e.iteration === 0 ? '' : `${(100 * e.fnRate).toFixed(1)} %`), h('td', {}, e.evidence?.toFixed(1) ?? ''));
}

export async function opened(studio) {
  if (!job || !studio.pixels || studio.step !== 'decide') return;
  const url = s => `/api/images/${studio.index}/masks?plane=${studio.plane}&job=${job.name}&step=${s}`;
  const shown = await studio.showCells(url(0), url(step), ['before', step === 0 ? 'the original' : `after step ${step}`]);
  const place = document.getElementById('change');
  if (!shown || !place) return;
  const { left, right, change } = shown;
  fill(place, h('div', { className: 'figures four' }, ...[
    ['before', left.cells.length, ''], ['after', right.cells.length, ''], ['gained', `+${change.gained}`, 'gained'], ['lost', `\u2212${change.lost}`, 'lost'],
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
    h('p', { className: 'good' }, now.step === 0 ? `Decided: the original model stays.` : `Decided: the model of ${now.job} after step ${now.step}.`),
    h('button', { type: 'button', onclick: () => studio.show('use') }, 'Next: Use'),
  ] : []);
}
