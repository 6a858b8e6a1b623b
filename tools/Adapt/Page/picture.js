// The picture: zoom, pan, tiles of the image, layers over it, cells on both sides of a movable border, a circle for the
// diameter, and a tool that draws with the pointer.

import { CellPainter } from './cells.js';
import { TILE, TilePainter } from './pixels.js';

const MOST_PATHS = 500;
const MOST_TILES = 500;

export class Picture {
  options = { outlines: true, fill: false };
  circle = null;
  // What a pressed pointer does instead of moving the picture: start, move and end with [y, x]; radius: of its brush.
  tool = null;
  // While it is held, the picture moves even so.
  grabs = false;
  // Told that another part is seen.
  onView = () => {};
  #canvas;
  #pixels = null;
  #view = null;
  #painter = null;
  #sides = [null, null];
  #tiles = new Map();
  #scale = 1;
  #x = 0;
  #y = 0;
  #border = 0.5;
  #marked = null;
  #frame = 0;
  #layers = new Map();
  #pointer = null;

  // onPick(y, x, side): a click.
  constructor(canvas, onPick) {
    this.#canvas = canvas;
    new ResizeObserver(() => this.#resize()).observe(canvas.parentElement);
    canvas.addEventListener('wheel', e => {
      e.preventDefault();
      this.zoom(Math.exp(-e.deltaY * 0.0016), e.offsetX, e.offsetY);
    }, { passive: false });
    let from = null;
    let using = false;
    canvas.addEventListener('pointerdown', e => {
      canvas.setPointerCapture(e.pointerId);
      canvas.focus({ preventScroll: true });
      using = Boolean(this.tool && this.#pixels && e.button === 0 && !this.grabs);
      if (using) this.tool.start(this.#at(e));
      else from = { x: e.offsetX, y: e.offsetY, moved: false };
      if (e.button === 1) e.preventDefault();
    });
    canvas.addEventListener('pointermove', e => {
      this.#point(e);
      if (using) return e.getCoalescedEvents().concat(e).forEach(c => this.tool?.move(this.#at(c)));
      if (!from) return;
      const [dx, dy] = [e.offsetX - from.x, e.offsetY - from.y];
      if (!from.moved && Math.hypot(dx, dy) < 4) return;
      this.pan(dx, dy);
      from = { x: e.offsetX, y: e.offsetY, moved: true };
    });
    canvas.addEventListener('pointerup', e => {
      if (using) this.tool?.end(this.#at(e));
      else if (from && !from.moved && e.button === 0) onPick(...this.#at(e).map(Math.floor), e.offsetX < this.#borderX() ? 0 : 1);
      using = false;
      from = null;
    });
    canvas.addEventListener('pointercancel', () => {
      if (using) this.tool?.end(null);
      using = false;
      from = null;
    });
    canvas.addEventListener('pointerleave', () => { this.#pointer = null; this.paint(); });
  }

  // Takes a tool in hand; null: the hand itself.
  take(tool) {
    this.tool = tool;
    this.grabs = false;
    this.showHand();
  }

  showHand() {
    this.#canvas.classList.toggle('drawing', Boolean(this.tool) && !this.grabs);
    this.paint();
  }

  // A layer between image and cells: paint(level, ty, tx) gives a tile; null takes it away.
  layer(name, paint) {
    if (paint) this.#layers.set(name, paint);
    else this.#layers.delete(name);
    this.#forget(name + '/');
  }

  // A layer has changed: within rows and columns of the image, or all of it.
  changed(name, part = null) {
    if (!part) return this.#forget(name + '/');
    for (const key of [...this.#tiles.keys()]) {
      const [layer, level, ty, tx] = key.split('/');
      const side = TILE * 2 ** Number(level);
      if (layer === name && part.top < (Number(ty) + 1) * side && part.top + part.height > ty * side
        && part.left < (Number(tx) + 1) * side && part.left + part.width > tx * side) this.#tiles.delete(key);
    }
    this.paint();
  }

  // What of the image is seen, in its pixels, and of how many in each direction the screen has one.
  visible() {
    if (!this.#pixels) return null;
    const { clientWidth: w, clientHeight: h } = this.#canvas;
    const within = (v, most) => Math.min(most, Math.max(0, v));
    const [top, left] = [within(Math.floor(-this.#y / this.#scale), this.#pixels.height), within(Math.floor(-this.#x / this.#scale), this.#pixels.width)];
    const [bottom, right] = [within(Math.ceil((h - this.#y) / this.#scale), this.#pixels.height), within(Math.ceil((w - this.#x) / this.#scale), this.#pixels.width)];
    return { top, left, height: bottom - top, width: right - left, step: 2 ** this.#level() };
  }

  set border(value) {
    this.#border = value;
    this.paint();
  }

  show(pixels, view) {
    const same = this.#pixels && this.#pixels.width === pixels?.width && this.#pixels.height === pixels?.height;
    this.#pixels = pixels;
    this.#sides = [null, null];
    this.#marked = null;
    this.adjust(view);
    if (!same) this.fit();
  }

  // The same image with other colours or contrast.
  adjust(view) {
    this.#view = view;
    this.#painter = this.#pixels && new TilePainter(this.#pixels, view);
    this.#tiles.clear();
    this.paint();
  }

  // Cells left and right of the border; null for none.
  cells(left, right) {
    this.#sides = [left, right].map(s => s && new CellPainter(s));
    this.#marked = null;
    this.redrawCells();
  }

  redrawCells() { this.#forget('cells'); }

  #forget(prefix) {
    for (const key of [...this.#tiles.keys()]) if (key.startsWith(prefix)) this.#tiles.delete(key);
    this.paint();
  }

  mark(cell, move) {
    this.#marked = cell;
    if (cell && move) {
      this.#x = this.#canvas.clientWidth / 2 - this.#scale * (cell.left + cell.right + 1) / 2;
      this.#y = this.#canvas.clientHeight / 2 - this.#scale * (cell.top + cell.bottom + 1) / 2;
      this.onView();
    }
    this.paint();
  }

  // A circle in the middle of what is visible.
  centreCircle(diameter) {
    const { clientWidth: w, clientHeight: h } = this.#canvas;
    const [y, x] = this.circle && this.#isVisible(this.circle) ? [this.circle.y, this.circle.x] : [(h / 2 - this.#y) / this.#scale, (w / 2 - this.#x) / this.#scale];
    this.circle = diameter > 0 ? { y, x, diameter } : null;
    this.paint();
  }

  fit() {
    if (!this.#pixels) return;
    const { clientWidth: w, clientHeight: h } = this.#canvas;
    this.#scale = Math.max(0.005, Math.min(w / this.#pixels.width, h / this.#pixels.height) * 0.97);
    this.#x = (w - this.#scale * this.#pixels.width) / 2;
    this.#y = (h - this.#scale * this.#pixels.height) / 2;
    this.#moved();
  }

  oneToOne() {
    this.zoom(1 / devicePixelRatio / this.#scale, this.#canvas.clientWidth / 2, this.#canvas.clientHeight / 2);
  }

  zoom(factor, x = this.#canvas.clientWidth / 2, y = this.#canvas.clientHeight / 2) {
    const scale = Math.min(64, Math.max(0.01, this.#scale * factor));
    this.#x = x - (x - this.#x) * scale / this.#scale;
    this.#y = y - (y - this.#y) * scale / this.#scale;
    this.#scale = scale;
    this.#moved();
  }

  pan(dx, dy) {
    this.#x += dx;
    this.#y += dy;
    this.#moved();
  }

  #moved() {
    this.paint();
    this.onView();
  }

  #point(e) {
    if (!this.tool?.radius) return;
    this.#pointer = this.#at(e);
    this.paint();
  }

  paint() {
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => { this.#frame = 0; this.paintNow(); });
  }

  paintNow() {
    const context = this.#canvas.getContext('2d');
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    if (!this.#pixels) return;
    const { clientWidth: w, clientHeight: h } = this.#canvas;
    const border = this.#sides[0] ? this.#borderX() : 0;
    this.#inside(context, 0, w, () => this.#paintImage(context));
    for (const [name, paint] of this.#layers) this.#inside(context, 0, w, () => this.#eachTile(0, w, name, paint, context));
    if (this.#sides[0]) this.#inside(context, 0, border, () => this.#paintCells(context, 0, 0, border));
    if (this.#sides[1]) this.#inside(context, border, w, () => this.#paintCells(context, 1, border, w));
    this.#inside(context, 0, w, () => this.#paintMarks(context));
    if (this.#sides[0]) {
      context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
      context.fillStyle = '#ffffffd0';
      context.fillRect(border - 0.75, 0, 1.5, h);
    }
  }

  #inside(context, left, right, paint) {
    context.save();
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    context.beginPath();
    context.rect(left, 0, right - left, this.#canvas.clientHeight);
    context.clip();
    context.translate(this.#x, this.#y);
    context.scale(this.#scale, this.#scale);
    paint();
    context.restore();
  }

  // The smallest copy that still has a pixel for each of the screen's.
  #level() {
    const wanted = Math.floor(Math.log2(1 / (this.#scale * devicePixelRatio)) + 0.35);
    return Math.min(this.#pixels.levels.length - 1, Math.max(0, wanted));
  }

  #paintImage(context) {
    context.imageSmoothingEnabled = this.#scale < 3;
    this.#eachTile(0, this.#canvas.clientWidth, 'image', (l, ty, tx) => this.#painter.paint(l, ty, tx), context);
  }

  #paintCells(context, index, left, right) {
    const painter = this.#sides[index];
    const visible = painter.side.cells.filter(c => this.#onScreen(c, left, right));
    if (this.options.outlines && visible.length <= MOST_PATHS && !this.options.fill) {
      return painter.stroke(context, this.#scale, visible);
    }
    context.imageSmoothingEnabled = this.#scale < 1;
    this.#eachTile(left, right, 'cells' + index, (l, ty, tx) => {
      const { height, width } = this.#pixels.levels[l];
      return painter.paint(l, ty, tx, height, width, this.options);
    }, context);
    if (this.options.outlines && visible.length <= MOST_PATHS) painter.stroke(context, this.#scale, visible);
  }

  #eachTile(left, right, key, make, context) {
    const level = this.#level();
    const { height, width } = this.#pixels.levels[level];
    // The copies leave out a last odd row and column.
    const factor = 2 ** level;
    const side = TILE * factor;
    const first = v => Math.max(0, Math.floor(v / side));
    const [x0, x1] = [(left - this.#x) / this.#scale, (right - this.#x) / this.#scale];
    const [y0, y1] = [-this.#y / this.#scale, (this.#canvas.clientHeight - this.#y) / this.#scale];
    for (let ty = first(y0); ty * side < y1 && ty * TILE < height; ty++) {
      for (let tx = first(x0); tx * side < x1 && tx * TILE < width; tx++) {
        const name = `${key}/${level}/${ty}/${tx}`;
        let tile = this.#tiles.get(name);
        if (tile) this.#tiles.delete(name);
        tile ??= make(level, ty, tx);
        this.#tiles.set(name, tile);
        context.drawImage(tile, tx * side, ty * side, tile.width * factor, tile.height * factor);
      }
    }
    for (const name of this.#tiles.keys()) {
      if (this.#tiles.size <= MOST_TILES) break;
      this.#tiles.delete(name);
    }
  }

  #paintMarks(context) {
    if (this.#marked) {
      const { left: x, top: y, right, bottom } = this.#marked;
      context.lineWidth = 2 / this.#scale;
      context.strokeStyle = '#ffffff';
      context.strokeRect(x - 2, y - 2, right - x + 5, bottom - y + 5);
    }
    if (this.circle) {
      const { y, x, diameter } = this.circle;
      this.#ring(context, [y, x], diameter / 2);
      context.fillStyle = '#ffffff';
      context.font = `${13 / this.#scale}px system-ui, sans-serif`;
      context.fillText(`${diameter.toFixed(1)} px`, x + diameter / 2 + 6 / this.#scale, y + 4 / this.#scale);
    }
    if (this.tool?.radius && this.#pointer && !this.grabs) this.#ring(context, this.#pointer, this.tool.radius);
  }

  #ring(context, [y, x], radius) {
    for (const [width, colour] of [[4.5, '#000a'], [2, '#ffffff']]) {
      context.lineWidth = width / this.#scale;
      context.strokeStyle = colour;
      context.beginPath();
      context.arc(x, y, radius, 0, 2 * Math.PI);
      context.stroke();
    }
  }

  #onScreen(cell, left, right) {
    const [x0, x1] = [this.#x + this.#scale * cell.left, this.#x + this.#scale * (cell.right + 1)];
    const [y0, y1] = [this.#y + this.#scale * cell.top, this.#y + this.#scale * (cell.bottom + 1)];
    return x1 >= left && x0 <= right && y1 >= 0 && y0 <= this.#canvas.clientHeight;
  }

  #isVisible({ y, x }) {
    return this.#onScreen({ top: y, bottom: y, left: x, right: x }, 0, this.#canvas.clientWidth);
  }

  #borderX() { return this.#border * this.#canvas.clientWidth; }

  #at(e) { return [(e.offsetY - this.#y) / this.#scale, (e.offsetX - this.#x) / this.#scale]; }

  #resize() {
    this.#canvas.width = Math.round(this.#canvas.clientWidth * devicePixelRatio);
    this.#canvas.height = Math.round(this.#canvas.clientHeight * devicePixelRatio);
    this.fit();
  }
}
