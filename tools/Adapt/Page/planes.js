// What a stack's planes are, and sliders to walk through them: depth and time where the file says so.

import { fill, h } from './dom.js';

// The server's header X-Image; nothing: one plane of which no more is known.
export function factsOf(response) {
  const words = response.headers.get('X-Image')?.split(' ').map(Number);
  if (!words) return { planes: 1 };
  const [channels, height, width, planes, slices, times, timesFirst] = words;
  return { channels, height, width, planes, slices, times, timesFirst: timesFirst === 1 };
}

// What a stack is called in a list.
export function stackText({ planes, slices, times }) {
  if (planes < 2) return '';
  const axes = [...times > 1 ? [`${times} t`] : [], ...slices > 1 ? [`${slices} z`] : []];
  return `, ${axes.length ? axes.join(' \u00d7 ') : `${planes} planes`}`;
}

// open(plane): shows another one.
export function planeSliders(place, facts, plane, open) {
  const { planes, slices, times, timesFirst } = facts;
  const [z, t] = !slices ? [0, 0] : timesFirst ? [Math.floor(plane / times), plane % times] : [plane % slices, Math.floor(plane / slices)];
  const at = (newZ, newT) => (timesFirst ? newZ * times + newT : newT * slices + newZ);
  const slider = (name, count, value, change) => (count < 2 ? null : h('label', { className: 'plane' }, `${name} `,
    h('input', { id: `plane-${name}`, type: 'range', min: 0, max: count - 1, value, onchange: e => change(Number(e.target.value)) }),
    ` ${value + 1}/${count}`));
  fill(place, ...slices
    ? [slider('z', slices, z, v => open(at(v, t))), slider('t', times, t, v => open(at(z, v)))]
    : [slider('plane', planes, plane, open)]);
}
