// Small helpers for the page: elements, requests, the line that says what happens.

export const $ = id => document.getElementById(id);

// An element with properties (aria-* and data-* as attributes, on* as listeners) and children.
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name in element && !name.includes('-')) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.flat().filter(c => c !== null && c !== undefined && c !== false));
  return element;
}

// Gives an element new children; what is nothing is left out.
export function fill(element, ...children) {
  element.replaceChildren(...children.flat().filter(c => c !== null && c !== undefined && c !== false));
}

export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export function say(text, bad = false) {
  $('status').textContent = text;
  $('status').title = text;
  $('status').className = bad ? 'bad' : 'dim';
}

async function checked(response) {
  if (!response.ok) throw new Error(await response.text() || response.statusText);
  return response;
}

export const get = async (url, signal) => checked(await fetch(url, { signal }));
export const json = async url => (await get(url)).json();
export const post = async (url, body = {}) =>
  (await checked(await fetch(url, { method: 'POST', body: JSON.stringify(body) }))).text().then(t => { try { return JSON.parse(t); } catch { return t; } });

// Runs what a button asks for and says what went wrong.
export async function attempt(work, busy = null) {
  if (busy) busy.disabled = true;
  try {
    return await work();
  } catch (e) {
    if (e.name !== 'AbortError') say(e.message, true);
    return undefined;
  } finally {
    if (busy) busy.disabled = false;
  }
}
