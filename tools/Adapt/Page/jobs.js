// A job as a note: how far it is, what can be done with it.

import { attempt, h, post } from './dom.js';
import { isBusy, phaseText } from './run.js';

// words: what the buttons are called, by what they ask for (pause, keep, resume, discard).
export function jobNote(job, done, total, words, ...more) {
  const button = (what, ask = null) => words[what] ? h('button', {
    type: 'button', 'data-do': what, onclick: e => { if (!ask || confirm(ask)) attempt(() => post(`/api/jobs/${job.name}/${what}`), e.target); },
  }, words[what]) : null;
  return h('div', { className: 'note', 'data-job': job.name },
    h('b', {}, job.name), ` ${phaseText(job)}, ${done} of ${total}`,
    isBusy(job) ? h('progress', { max: total, value: done, 'aria-label': `Progress of ${job.name}` }) : null,
    job.phase === 'failed' ? h('pre', {}, job.text) : null,
    h('div', { className: 'row small' },
      ...more,
      job.phase === 'running' ? [button('pause'), button('keep')] : null,
      ['paused', 'stopped', 'failed'].includes(job.phase) ? button('resume') : null,
      button('discard', isBusy(job) ? 'End it and delete its results?' : 'Delete these results?')),
    h('div', { className: 'path small dim' }, job.folder));
}

export const download = job => (job.done > 0 && !isBusy(job)
  ? h('a', { href: `/api/jobs/${job.name}/files.zip`, download: `${job.name}.zip` }, 'Download') : null);
