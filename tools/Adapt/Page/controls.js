// What surrounds the picture on every page: the border's slider, check boxes, buttons, keys, counts and legend.

import { $, fill, h } from './dom.js';

// Draws the cells of both sides and says how many there are; left may be null.
export function showSides(picture, left, right, texts) {
  picture.cells(left, right);
  const count = side => `: ${side.cells.length} cell${side.cells.length === 1 ? '' : 's'}`;
  $('left').textContent = left ? texts[0] + count(left) : '';
  $('right').textContent = right ? texts[1] + count(right) : '';
  $('border').hidden = !left;
}

const KEYS = ['arrows: images', 'wheel: zoom', '0: fit', '1: 1:1'];

export function drawLegend(left, right, keys = KEYS) {
  const kinds = left ? [['same', 'both'], ['lost', 'lost'], ['gained', 'gained']] : right ? [[right.cells[0]?.kind ?? 'same', 'cell']] : [];
  const shown = left ? ['space: before / after', ...keys] : keys;
  fill($('legend'),
    ...kinds.map(([kind, text]) => h('span', {}, h('i', { className: `key ${kind}` }), text)),
    h('span', { className: 'keys' }, shown.join(' \u00b7 ')));
}

// move(by): goes to another image. key(event): whether a page has a use of its own for a key.
export function bindPicture(picture, move, key = () => false) {
  const border = value => {
    $('border').value = value;
    picture.border = value / 1000;
  };
  $('border').addEventListener('input', e => border(Number(e.target.value)));
  $('show-outlines').addEventListener('change', e => { picture.options.outlines = e.target.checked; picture.redrawCells(); });
  $('show-fill').addEventListener('change', e => { picture.options.fill = e.target.checked; picture.redrawCells(); });
  $('fit').addEventListener('click', () => picture.fit());
  $('one').addEventListener('click', () => picture.oneToOne());
  addEventListener('keydown', e => {
    if (e.target.matches('input:not([type=range]):not([type=checkbox]), select, textarea') || e.ctrlKey || e.metaKey || e.altKey) return;
    if (key(e)) return e.preventDefault();
    const typed = e.target.matches('input');
    const actions = {
      ' ': e.target.matches('#panel button, header button, #tools button, summary, input, a') ? null
        : () => border(Number($('border').value) > 500 ? 0 : 1000),
      ArrowDown: () => move(1), ArrowUp: () => move(-1), ArrowRight: typed ? null : () => move(1), ArrowLeft: typed ? null : () => move(-1),
      0: () => picture.fit(), 1: () => picture.oneToOne(), '+': () => picture.zoom(1.25), '-': () => picture.zoom(0.8),
    };
    if (!actions[e.key]) return;
    e.preventDefault();
    actions[e.key]();
  });
}
