// The list of images: names at once, thumbnails as they come into view.

import { h } from './dom.js';
import { factsOf, stackText } from './planes.js';

const AT_ONCE = 3;

export class List {
  #list;
  #onOpen;
  #items = [];
  #waiting = [];
  #running = 0;
  #seen;

  constructor(list, onOpen) {
    [this.#list, this.#onOpen] = [list, onOpen];
    this.#seen = new IntersectionObserver(entries => {
      for (const e of entries) {
        const index = Number(e.target.dataset.index);
        if (e.isIntersecting) this.#waiting.push(index);
        else this.#waiting = this.#waiting.filter(i => i !== index);
      }
      this.#next();
    }, { root: list, rootMargin: '200px' });
  }

  fill(names) {
    this.#items = names.map((name, index) => h('li', { 'data-index': index },
      h('button', { type: 'button', title: name, onclick: () => this.#onOpen(index) },
        h('img', { alt: '', width: 56, height: 56 }), h('b', {}, h('bdi', {}, name)), h('span', {}, '\u00a0'))));
    this.#list.replaceChildren(...this.#items);
    for (const item of this.#items) this.#seen.observe(item);
  }

  // The image that is shown; -1: none of the list.
  choose(index) {
    this.#list.querySelector('[aria-current]')?.removeAttribute('aria-current');
    const button = this.#items[index]?.firstChild;
    if (!button) return;
    button.setAttribute('aria-current', 'true');
    button.scrollIntoView({ block: 'nearest' });
  }

  filter(text) {
    const wanted = text.toLowerCase();
    for (const item of this.#items) item.hidden = !item.querySelector('b').textContent.toLowerCase().includes(wanted);
  }

  // The image so many places further among those that the filter shows.
  beside(index, by) {
    const shown = this.#items.flatMap((item, i) => (item.hidden ? [] : [i]));
    const at = shown.indexOf(index);
    return shown[Math.min(shown.length - 1, Math.max(0, at + by))] ?? index;
  }

  async #next() {
    while (this.#running < AT_ONCE && this.#waiting.length > 0) {
      const index = this.#waiting.shift();
      this.#running++;
      this.#load(index).finally(() => { this.#running--; this.#next(); });
    }
  }

  async #load(index) {
    const item = this.#items[index];
    this.#seen.unobserve(item);
    const response = await fetch(`/api/images/${index}/thumb`);
    const note = item.querySelector('span');
    if (!response.ok) {
      note.textContent = 'can\u2019t be read';
      item.firstChild.title = await response.text();
      return;
    }
    const facts = factsOf(response);
    note.textContent = `${facts.width} \u00d7 ${facts.height}` + (facts.channels > 1 ? `, ${facts.channels} ch` : '') + stackText(facts);
    const image = item.querySelector('img');
    image.src = URL.createObjectURL(await response.blob());
    image.onload = () => URL.revokeObjectURL(image.src);
  }
}
