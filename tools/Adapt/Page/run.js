// A run as the pages see it: its log, read piece by piece as it grows.

import { get } from './dom.js';

const PHASES = { running: 'running', stopping: 'ending ...', paused: 'paused', stopped: 'stopped, kept so far', done: 'done', failed: 'failed' };

export const phaseText = job => PHASES[job.phase];
export const isBusy = job => job?.phase === 'running' || job?.phase === 'stopping';
export const adaptations = state => state.jobs.filter(j => j.kind === 'adapt');

// The images that a run's checks look at: evenly among all, as the program chooses them.
export function checkedImages(count, most = 16) {
  const n = Math.min(most, count);
  return Array.from({ length: n }, (_, i) => Math.floor(i * count / n));
}

export class RunLog {
  steps = [];
  evaluations = [];
  power = null;
  #bytes = 0;
  #rest = '';
  #reading = false;

  constructor(name) { this.name = name; }

  // Reads what is new; true if something was.
  async read(bytes) {
    if (this.#reading || bytes === this.#bytes) return false;
    this.#reading = true;
    try {
      // A run that goes on cuts off what its saved state does not hold.
      if (bytes < this.#bytes) [this.steps, this.evaluations, this.power, this.#bytes, this.#rest] = [[], [], null, 0, ''];
      const part = await (await get(`/api/jobs/${this.name}/log?from=${this.#bytes}`)).arrayBuffer();
      this.#bytes += part.byteLength;
      const lines = (this.#rest + new TextDecoder().decode(part)).split('\n');
      this.#rest = lines.pop();
      for (const line of lines) {
        const entry = JSON.parse(line);
        // The last one may be of an earlier step, with another power of intensities.
        if (entry.kind !== 'step' && this.evaluations.length && entry.gamma !== this.evaluations[0].gamma) {
          this.power = entry;
          continue;
        }
        const list = entry.kind === 'step' ? this.steps : this.evaluations;
        if (list.length && list.at(-1).iteration >= entry.iteration) {
          const from = list.findIndex(e => e.iteration >= entry.iteration);
          list.length = from;
        }
        list.push(entry);
      }
      return part.byteLength > 0;
    } finally {
      this.#reading = false;
    }
  }

  get kept() { return this.power ?? this.evaluations.findLast(e => e.kept); }
}
