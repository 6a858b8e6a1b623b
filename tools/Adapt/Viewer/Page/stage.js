// The picture: image, masks on both sides of a movable border, zoom and pan.

import { fillOf, pathsOf } from './outlines.js';

const COLOURS = { same: '#ffd84a', lost: '#ff4fd8', gained: '#3cff6a' };

export class Stage {
  #canvas;
  #image = null;
  #sides = [null, null];
  #scale = 1;
  #x = 0;
  #y = 0;
  #border = 0.5;
  #marked = null;
  #frame = 0;

  constructor(canvas, onPick) {
    this.#canvas = canvas;
    this.options = { outlines: true, fill: false };
    new ResizeObserver(() => this.#resize()).observe(canvas.parentElement);
    canvas.addEventListener('wheel', e => {
      e.preventDefault();
      this.zoom(Math.exp(-e.deltaY * 0.0016), e.offsetX, e.offsetY);
    }, { passive: false });
    let from = null;
    canvas.addEventListener('pointerdown', e => {
      canvas.setPointerCapture(e.pointerId);
      from = { x: e.offsetX, y: e.offsetY, moved: false };
    });
    canvas.addEventListener('pointermove', e => {
      if (!from) return;
      const [dx, dy] = [e.offsetX - from.x, e.offsetY - from.y];
      if (!from.moved && Math.hypot(dx, dy) < 4) return;
      this.#x += dx;
      this.#y += dy;
      from = { x: e.offsetX, y: e.offsetY, moved: true };
      this.draw();
    });
    canvas.addEventListener('pointerup', e => {
      if (from && !from.moved) onPick(...this.#pixelAt(e.offsetX, e.offsetY), e.offsetX < this.#borderX() ? 0 : 1);
      from = null;
    });
    canvas.addEventListener('pointercancel', () => { from = null; });
  }

  // sides: label images as outlines.js describes them, or null for a bare side.
  show(image, sides) {
    const sameSize = this.#image && this.#image.width === image.width && this.#image.height === image.height;
    this.#image = image;
    this.#sides = sides.map(s => s && { ...s, paths: pathsOf(s), fill: fillOf(s) });
    this.#marked = null;
    if (sameSize) this.draw(); else this.fit();
  }

  set border(value) {
    this.#border = value;
    this.draw();
  }

  mark(cell, move) {
    this.#marked = cell;
    if (cell && move) {
      this.#x = this.#canvas.clientWidth / 2 - this.#scale * (cell.left + cell.right + 1) / 2;
      this.#y = this.#canvas.clientHeight / 2 - this.#scale * (cell.top + cell.bottom + 1) / 2;
    }
    this.draw();
  }

  fit() {
    if (!this.#image) return;
    const { clientWidth: w, clientHeight: h } = this.#canvas;
    this.#scale = Math.max(0.01, Math.min(w / this.#image.width, h / this.#image.height) * 0.97);
    this.#x = (w - this.#scale * this.#image.width) / 2;
    this.#y = (h - this.#scale * this.#image.height) / 2;
    this.draw();
  }

  oneToOne() {
    this.zoom(1 / devicePixelRatio / this.#scale, this.#canvas.clientWidth / 2, this.#canvas.clientHeight / 2);
  }

  zoom(factor, x, y) {
    const scale = Math.min(64, Math.max(0.02, this.#scale * factor));
    this.#x = x - (x - this.#x) * scale / this.#scale;
    this.#y = y - (y - this.#y) * scale / this.#scale;
    this.#scale = scale;
    this.draw();
  }

  draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#paint());
  }

  #resize() {
    this.#canvas.width = Math.round(this.#canvas.clientWidth * devicePixelRatio);
    this.#canvas.height = Math.round(this.#canvas.clientHeight * devicePixelRatio);
    this.fit();
  }

  #borderX() {
    return this.#border * this.#canvas.clientWidth;
  }

  #pixelAt(x, y) {
    return [Math.floor((y - this.#y) / this.#scale), Math.floor((x - this.#x) / this.#scale)];
  }

  #paint() {
    const context = this.#canvas.getContext('2d');
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    if (!this.#image) return;
    const border = this.#borderX();
    const { clientWidth: w, clientHeight: h } = this.#canvas;
    this.#paintSide(context, this.#sides[0], 0, border, h);
    this.#paintSide(context, this.#sides[1], border, w - border, h);
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    context.fillStyle = '#ffffffc0';
    context.fillRect(border - 0.75, 0, 1.5, h);
  }

  #paintSide(context, side, left, width, height) {
    context.save();
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    context.beginPath();
    context.rect(left, 0, width, height);
    context.clip();
    context.translate(this.#x, this.#y);
    context.scale(this.#scale, this.#scale);
    context.imageSmoothingEnabled = this.#scale < 2;
    context.drawImage(this.#image, 0, 0);
    if (side) {
      context.imageSmoothingEnabled = false;
      if (this.options.fill) context.drawImage(side.fill, 0, 0);
      for (const kind of this.options.outlines ? Object.keys(COLOURS) : []) {
        context.lineWidth = (kind === 'same' ? 1.3 : 2) / this.#scale;
        context.strokeStyle = COLOURS[kind];
        context.setLineDash(kind === 'lost' ? [5 / this.#scale, 3 / this.#scale] : []);
        context.stroke(side.paths[kind]);
      }
    }
    if (this.#marked) {
      const { left: x, top: y, right, bottom } = this.#marked;
      context.setLineDash([]);
      context.lineWidth = 2 / this.#scale;
      context.strokeStyle = '#ffffff';
      context.strokeRect(x - 2, y - 2, right - x + 5, bottom - y + 5);
    }
    context.restore();
  }
}
