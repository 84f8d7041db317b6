// The map: what part of the address space is seen, how it is drawn, and how it is moved about.

const STILL = matchMedia("(prefers-reduced-motion: reduce)");
const CELL = 40; // pixels that a cell is wide at least, for the keyboard
const DEEPEST = 44; // levels below a root that a double can tell apart on the screen
const LABEL = 30; // pixels that a prefix has at least when its name is written on it

class AddressMap {
  /** `told` is called with what is under the pointer, chosen, or in focus. */
  constructor(element, told) {
    this.element = element;
    this.told = told;
    this.pixels = element.querySelector("#pixels");
    this.marks = element.querySelector("#marks");
    this.view = { x: 0, y: 0, side: 0 };
    this.root = null;
    this.focus = null;
    this.chosen = null;
    this.frame = 0;
    new ResizeObserver(() => this.resized()).observe(element);
    this.listen();
  }

  get unit() {
    return Math.max(1, Math.round(devicePixelRatio));
  }

  /** Shows another picture, or the same in other colours. */
  show(space, layers, styles) {
    Object.assign(this, { space, layers, styles });
    if (this.root) this.draw();
  }

  get family() {
    return this.space.family[this.root.version];
  }

  /** Shows the square of a prefix of even length; the same one again is shown whole. */
  open(root) {
    this.root = root;
    this.chosen = null;
    this.focus = null;
    this.levels = Math.min((FAMILY[root.version].bits - root.length) / 2, DEEPEST);
    this.fit();
    this.told.opened(root);
  }

  resized() {
    const { clientWidth, clientHeight } = this.element;
    for (const canvas of [this.pixels, this.marks]) {
      canvas.width = Math.round(clientWidth * devicePixelRatio);
      canvas.height = Math.round(clientHeight * devicePixelRatio);
    }
    this.width = this.pixels.width;
    this.height = this.pixels.height;
    if (this.root) this.fit();
  }

  whole() {
    const side = Math.min(this.width, this.height) - 2 * this.unit;
    return { x: (this.width - side) / 2, y: (this.height - side) / 2, side };
  }

  fit() {
    this.view = this.whole();
    this.draw();
    this.told.seen(this.shown());
  }

  get most() {
    return 2 ** this.levels * 140 * devicePixelRatio;
  }

  /** Goes to another view, kept where something can be seen. */
  go(view, smoothly = true) {
    const least = this.whole().side;
    const side = Math.min(Math.max(view.side, least), Math.max(this.most, least));
    const share = view.side / side;
    const middle = { x: (this.width / 2 - view.x) / view.side, y: (this.height / 2 - view.y) / view.side };
    const target = share === 1 ? { ...view } : { side, x: this.width / 2 - middle.x * side, y: this.height / 2 - middle.y * side };
    const margin = 0.3;
    const hold = (at, room) => side <= room ? (room - side) / 2 : Math.min(room * margin, Math.max(room * (1 - margin) - side, at));
    target.x = hold(target.x, this.width);
    target.y = hold(target.y, this.height);
    cancelAnimationFrame(this.moving);
    if (!smoothly || STILL.matches || this.slow) return this.at(target);
    const from = { ...this.view }, begun = performance.now();
    // A point stays where it is while the side grows evenly: its place is a mean of both ends by how far the side is.
    const step = (now) => {
      const time = Math.min(1, (now - begun) / 220), eased = 1 - (1 - time) ** 3;
      const length = from.side * (target.side / from.side) ** eased;
      const part = target.side === from.side ? eased : (length - from.side) / (target.side - from.side);
      this.at(time === 1 ? target : { side: length, x: from.x + (target.x - from.x) * part, y: from.y + (target.y - from.y) * part });
      if (time < 1) this.moving = requestAnimationFrame(step);
    };
    this.moving = requestAnimationFrame(step);
  }

  at(view) {
    this.view = view;
    this.draw();
    this.told.seen(this.shown());
  }

  zoom(factor, x = this.width / 2, y = this.height / 2, smoothly = true) {
    const { view } = this;
    const side = Math.min(Math.max(view.side * factor, this.whole().side), this.most);
    const by = side / view.side;
    this.go({ side, x: x - (x - view.x) * by, y: y - (y - view.y) * by }, smoothly);
  }

  /** The longest prefix of even length whose square has all that is seen of the root in it. */
  shown() {
    const { view, root } = this;
    const share = (at, size) => Math.min(Math.max(at / size, 0), 1 - 2 ** -50);
    const left = share(-view.x, view.side), right = share(this.width - view.x, view.side);
    const top = share(-view.y, view.side), bottom = share(this.height - view.y, view.side);
    const inset = 0.12; // that much of a neighbour may be seen at the edge
    const dx = (right - left) * inset, dy = (bottom - top) * inset;
    let levels = 0;
    while (levels < this.levels) {
      const cells = 2 ** (levels + 1);
      if (Math.floor((left + dx) * cells) !== Math.floor((right - dx) * cells)) break;
      if (Math.floor((top + dy) * cells) !== Math.floor((bottom - dy) * cells)) break;
      levels++;
    }
    return { version: root.version, ...prefixAt(FAMILY[root.version], root, (left + right) / 2, (top + bottom) / 2, levels) };
  }

  /** Shows a prefix inside the root so that it fills most of the map. */
  reveal(first, length, smoothly = true) {
    const spot = place(FAMILY[this.root.version], this.root, first, length);
    const side = Math.min((0.62 * Math.min(this.width, this.height)) / Math.max(spot.w, spot.h), this.most);
    this.go({
      side,
      x: this.width / 2 - (spot.x + spot.w / 2) * side,
      y: this.height / 2 - (spot.y + spot.h / 2) * side,
    }, smoothly);
  }

  choose(first, length) {
    this.chosen = { first, length };
    this.mark();
  }

  clear() {
    this.chosen = null;
    this.focus = null;
    this.mark();
  }

  // Drawing

  draw() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.drawn());
  }

  drawn() {
    if (!this.root || !this.width || !this.space) return;
    const begun = performance.now();
    const image = this.pixels.getContext("2d");
    const pixels = new ImageData(this.width, this.height);
    paint(pixels, this.width, this.height, this.layers[this.root.version], FAMILY[this.root.version], this.root, this.view, this.unit);
    image.putImageData(pixels, 0, 0);
    this.mark();
    this.slow = performance.now() - begun > 60;
    this.told.drawn(performance.now() - begun);
  }

  /** Grid, names, and what is chosen and in focus, over the pixels. */
  mark() {
    if (!this.root) return;
    const image = this.marks.getContext("2d");
    image.clearRect(0, 0, this.width, this.height);
    const { dark } = this.styles;
    this.taken = [];
    this.grid(image, dark);
    this.names(image, dark);
    if (this.chosen) this.outline(image, this.chosen, dark ? "#ffffff" : "#101820", 2.5);
    if (this.focus && document.activeElement === this.element) this.outline(image, this.cellPrefix(this.focus), dark ? "#72b4f5" : "#0b62c4", 3);
  }

  box(first, length) {
    const spot = place(FAMILY[this.root.version], this.root, first, length);
    const { view } = this;
    return { x: view.x + spot.x * view.side, y: view.y + spot.y * view.side, w: spot.w * view.side, h: spot.h * view.side };
  }

  outline(image, { first, length }, ink, thick) {
    const box = this.box(first, length);
    const least = 7 * devicePixelRatio;
    const x = box.x - Math.max(0, (least - box.w) / 2), y = box.y - Math.max(0, (least - box.h) / 2);
    const w = Math.max(box.w, least), h = Math.max(box.h, least);
    image.lineWidth = (thick + 2.5) * devicePixelRatio;
    image.strokeStyle = this.styles.dark ? "rgb(0 0 0 / 75%)" : "rgb(255 255 255 / 90%)";
    image.strokeRect(x, y, w, h);
    image.lineWidth = thick * devicePixelRatio;
    image.strokeStyle = ink;
    image.strokeRect(x, y, w, h);
  }

  grid(image, dark) {
    const { view, root, width, height } = this;
    const step = root.version === 4 ? 8 : 4;
    image.fillStyle = dark ? "rgb(255 255 255 / 7%)" : "rgb(30 45 65 / 9%)";
    const thin = Math.max(1, Math.round(devicePixelRatio));
    for (let length = root.length - (root.length % step) + step; length <= root.length + 2 * this.levels; length += step) {
      const side = view.side / 2 ** ((length - root.length) / 2);
      if (side < 20 * devicePixelRatio) break;
      if ((length - root.length) % 2) continue;
      const from = (at) => Math.max(1, Math.ceil(-at / side)), cells = Math.round(view.side / side);
      for (let i = from(view.x); i < cells && view.x + i * side < width; i++) image.fillRect(Math.round(view.x + i * side), Math.max(0, view.y), thin, Math.min(view.side, height));
      for (let i = from(view.y); i < cells && view.y + i * side < height; i++) image.fillRect(Math.max(0, view.x), Math.round(view.y + i * side), Math.min(view.side, width), thin);
    }
  }

  /** Calls back for every prefix that is seen and large enough, the shorter ones first. */
  seen(least, each) {
    const { family, root, view, width, height } = this;
    const math = family.math;
    const found = [];
    const cell = (first, length, turn, x, y, side, low, high) => {
      if (side < least || x >= width || y >= height || x + side <= 0 || y + side <= 0) return;
      const size = math.size(length);
      const from = lastNotAbove(family.firsts, first - math.one, low, high);
      const begin = family.firsts[from] >= first ? from : from + 1;
      const end = lastNotAbove(family.firsts, first + size - math.one, low, high);
      if (begin > end || family.firsts[begin] < first) return;
      const here = (start, wanted) => {
        const at = start === first ? begin : lastNotAbove(family.firsts, start - math.one, begin, end);
        for (let place = family.firsts[at] >= start ? at : at + 1; place <= end && family.firsts[place] === start && family.lengths[place] <= wanted; place++)
          if (family.lengths[place] === wanted) return place;
        return -1;
      };
      const note = (place) => place >= 0 && found.push(place);
      note(here(first, length));
      if (length === math.bits) return;
      note(here(first, length + 1));
      note(here(first + size / math.times[2], length + 1));
      if (length - root.length >= 2 * this.levels) return;
      const quarter = size / math.four, half = side / 2;
      for (let i = 0; i < 4; i++) {
        const [right, below] = QUARTERS[turn][i];
        cell(first + quarter * math.times[i], length + 2, TURNS[turn][i], x + right * half, y + below * half, half, Math.max(low, begin - 1), end);
      }
    };
    cell(root.first, root.length, 0, view.x, view.y, view.side, 0, family.count - 1);
    found.sort((a, b) => family.lengths[a] - family.lengths[b] || a - b);
    found.forEach(each);
  }

  names(image, dark) {
    const scale = devicePixelRatio;
    const { family } = this;
    const ink = dark ? "#f2f5f8" : "#16202c";
    const line = dark ? "rgb(0 0 0 / 55%)" : "rgb(255 255 255 / 85%)";
    this.seen(LABEL * scale, (place) => {
      const { way, own, note } = this.told.label(family, place);
      if (!own && (!note || family.lengths[place] <= this.root.length)) return;
      const box = this.box(family.firsts[place], family.lengths[place]);
      if (box.x <= 0 && box.y <= 0 && box.x + box.w >= this.width && box.y + box.h >= this.height) return;
      if (own) {
        image.strokeStyle = line;
        image.lineWidth = 1.5 * scale;
        image.strokeRect(box.x, box.y, box.w, box.h);
      }
      const texts = [family.text(place)];
      if (family.lengths[place] === family.math.bits) texts[0] = addressText(family.version, family.firsts[place]);
      if (way || note) texts.push(way || note);
      this.write(image, box, place, texts, ink, dark, scale);
    });
    this.callouts(image, dark, ink, scale);
    this.captions(image, dark, scale);
  }

  /** Names beside the parts of the address space that are too small to have theirs inside. */
  callouts(image, dark, ink, scale) {
    const { root } = this;
    const math = this.family.math;
    for (const [version, hex, length, title] of this.space.blocks) {
      const first = math.read(hex);
      if (version !== root.version || length <= root.length || math.first(first, root.length) !== root.first) continue;
      const box = this.box(first, length);
      if (box.w >= LABEL * scale || box.x + box.w < 0 || box.y + box.h < 0 || box.x > this.width || box.y > this.height) continue;
      const least = 5 * scale, grow = Math.max(0, (least - box.w) / 2);
      image.strokeStyle = dark ? "rgb(255 255 255 / 60%)" : "rgb(20 32 48 / 60%)";
      image.lineWidth = scale;
      image.strokeRect(box.x - grow, box.y - grow, box.w + 2 * grow, box.h + 2 * grow);
      image.font = `600 ${11 * scale}px system-ui, "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif`;
      const text = version === 4 ? title.replace(/(\.0)+\//, "/") : title;
      const w = image.measureText(text).width + 8 * scale, h = 17 * scale, off = 3 * scale + grow;
      const middle = box.y + (box.h - h) / 2, center = box.x + (box.w - w) / 2;
      const spots = [[box.x + box.w + off, middle], [box.x - off - w, middle], [center, box.y + box.h + off], [center, box.y - off - h]];
      const spot = spots.find(([x, y]) => this.free(x, y, w, h));
      if (!spot) continue;
      this.taken.push([...spot, w, h], [box.x, box.y, box.w, box.h]);
      image.fillStyle = dark ? "rgb(17 21 27 / 82%)" : "rgb(255 255 255 / 88%)";
      image.beginPath();
      image.roundRect(...spot, w, h, 4 * scale);
      image.fill();
      image.fillStyle = ink;
      image.fillText(text, spot[0] + 4 * scale, spot[1] + 12.4 * scale);
    }
  }

  /** A name in the box of a prefix, where no other one is written, and no longer prefix is drawn. */
  write(image, box, place, texts, ink, dark, scale) {
    const left = Math.max(box.x, 0), top = Math.max(box.y, 0);
    const w = Math.min(box.x + box.w, this.width) - left, h = Math.min(box.y + box.h, this.height) - top;
    const short = texts[0].replace(/(\.0)+\//, "/");
    for (const lines of [texts, texts.slice(0, 1), [short], texts.slice(1)]) {
      if (!lines.length) continue;
      const size = 11.5 * scale, gap = 14 * scale, pad = 4 * scale;
      let room = 0;
      lines.forEach((text, i) => {
        image.font = `${i ? 400 : 600} ${size}px system-ui, "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif`;
        room = Math.max(room, image.measureText(text).width);
      });
      const bw = room + 2 * pad, bh = lines.length * gap + 1.2 * pad;
      const inset = 4 * scale;
      if (bw + 2 * inset > w || bh + 2 * inset > h) continue;
      const spots = [0, 0.5, 1].flatMap((down) => [0, 0.5, 1].map((along) => [left + inset + along * (w - bw - 2 * inset), top + inset + down * (h - bh - 2 * inset)]));
      const spot = spots.find(([x, y]) => this.free(x, y, bw, bh) && [[0, 0], [1, 0], [0, 1], [1, 1], [0.5, 0.5]].every(([along, down]) => this.isInner(place, x + along * bw, y + down * bh)));
      if (!spot) continue;
      const [x, y] = spot;
      this.taken.push([x, y, bw, bh]);
      image.fillStyle = dark ? "rgb(17 21 27 / 82%)" : "rgb(255 255 255 / 88%)";
      image.beginPath();
      image.roundRect(x, y, bw, bh, 4 * scale);
      image.fill();
      image.textBaseline = "alphabetic";
      lines.forEach((text, i) => {
        image.font = `${i ? 400 : 600} ${size}px system-ui, "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif`;
        image.fillStyle = i ? (dark ? "#c3ccd6" : "#445060") : ink;
        image.fillText(text, x + pad, y + pad * 0.6 + gap * (i + 1) - 3.4 * scale);
      });
      return;
    }
  }

  /** Whether a prefix is the longest one around what is drawn at a place on the screen. */
  isInner(place, x, y) {
    const { view, family } = this;
    const levels = Math.min(this.levels, Math.max(0, Math.ceil(Math.log2(view.side))));
    const cell = prefixAt(family.math, this.root, (x - view.x) / view.side, (y - view.y) / view.side, levels);
    return family.inner[family.range(cell.first)] === place;
  }

  free(x, y, w, h) {
    return x >= 0 && y >= 0 && x + w <= this.width && y + h <= this.height && !this.taken.some(([a, b, c, d]) => x < a + c && a < x + w && y < b + d && b < y + h);
  }

  /** Small captions on the cells of the grid: where one is. */
  captions(image, dark, scale) {
    const { root, view, family } = this;
    const math = family.math, step = root.version === 4 ? 8 : 4;
    let length = root.length - (root.length % step) + step;
    while (length <= root.length + 2 * this.levels && view.side / 2 ** ((length - root.length) / 2) >= 26 * scale * (root.version === 4 ? 1 : 1.5)) length += step;
    length -= step;
    if (length <= root.length || length > math.bits || (length - root.length) % 2) return;
    const levels = (length - root.length) / 2, cells = 2 ** levels, side = view.side / cells;
    image.font = `${10 * scale}px system-ui, "Liberation Sans", Arial, sans-serif`;
    image.fillStyle = dark ? "rgb(235 240 246 / 78%)" : "rgb(20 32 48 / 72%)";
    image.strokeStyle = dark ? "rgb(17 21 27 / 60%)" : "rgb(255 255 255 / 70%)";
    image.lineWidth = 2.5 * scale;
    image.lineJoin = "round";
    for (let row = Math.max(0, Math.floor(-view.y / side)); row < cells && view.y + row * side < this.height; row++)
      for (let column = Math.max(0, Math.floor(-view.x / side)); column < cells && view.x + column * side < this.width; column++) {
        const cell = prefixAt(math, root, (column + 0.5) / cells, (row + 0.5) / cells, levels);
        const full = addressText(family.version, cell.first);
        const text = family.version === 4 ? (side > 84 * scale ? full : "." + full.split(".")[length / 8 - 1]).replace(/^\./, length === 8 ? "" : ".") : full;
        const x = view.x + column * side + 3 * scale, y = view.y + row * side + side - 4 * scale;
        const w = image.measureText(text).width;
        if (w + 6 * scale >= side || !this.free(x, y - 9 * scale, w, 10 * scale)) continue;
        image.strokeText(text, x, y);
        image.fillText(text, x, y);
      }
  }

  // Pointer and keys

  /** What is drawn at a place on the screen: the range, and how many there are in that pixel. */
  under(x, y) {
    const { view, root, family } = this;
    const fx = (x - view.x) / view.side, fy = (y - view.y) / view.side;
    if (fx < 0 || fy < 0 || fx >= 1 || fy >= 1) return null;
    const levels = Math.min(this.levels, Math.max(0, Math.ceil(Math.log2(view.side))));
    const cell = prefixAt(family.math, root, fx, fy, levels);
    return { ...this.within(cell), number: cell.first };
  }

  /** The most telling range in a prefix, and how many ranges are in it. */
  within({ first, length }) {
    const { family } = this;
    const layer = this.layers[family.version];
    const from = family.range(first), to = family.range(first + family.math.size(length) - family.math.one);
    const rank = (at) => layer.rank(family, at);
    let best = from;
    for (let at = from + 1; at <= to; at++) if (rank(at) > rank(best)) best = at;
    return { at: best, ranges: to - from + 1, from, to };
  }

  level() {
    return Math.min(this.levels, Math.max(1, Math.floor(Math.log2(this.view.side / (CELL * devicePixelRatio)))));
  }

  /** The cell in focus as a prefix. */
  cellPrefix({ column, row, levels }) {
    const cells = 2 ** levels;
    return prefixAt(this.family.math, this.root, (column + 0.5) / cells, (row + 0.5) / cells, levels);
  }

  /** Puts the focus on the cell around a place on the root's square. */
  focusAt(x, y) {
    const levels = this.level(), cells = 2 ** levels;
    const hold = (at) => Math.min(cells - 1, Math.max(0, Math.floor(at * cells)));
    this.focus = { column: hold(x), row: hold(y), levels };
    this.focused();
  }

  middle() {
    if (this.focus) {
      const cells = 2 ** this.focus.levels;
      return { x: (this.focus.column + 0.5) / cells, y: (this.focus.row + 0.5) / cells };
    }
    return { x: (this.width / 2 - this.view.x) / this.view.side, y: (this.height / 2 - this.view.y) / this.view.side };
  }

  focused() {
    const prefix = this.cellPrefix(this.focus);
    this.mark();
    this.told.focused(prefix, this.within(prefix));
  }

  move(dx, dy) {
    if (!this.focus || this.focus.levels !== this.level()) {
      const { x, y } = this.middle();
      return this.focusAt(x, y);
    }
    const cells = 2 ** this.focus.levels;
    const hold = (at) => Math.min(cells - 1, Math.max(0, at));
    this.focus = { levels: this.focus.levels, column: hold(this.focus.column + dx), row: hold(this.focus.row + dy) };
    const side = this.view.side / cells;
    const x = this.view.x + this.focus.column * side, y = this.view.y + this.focus.row * side;
    const push = (at, room) => (at < 0 ? -at + room / 4 : at + side > room ? room - at - side - room / 4 : 0);
    const [px, py] = [push(x, this.width), push(y, this.height)];
    if (px || py) this.go({ ...this.view, x: this.view.x + px, y: this.view.y + py });
    this.focused();
  }

  /** Zooms around the cell in focus, and puts the focus on the cell of the new size there. */
  zoomKey(factor) {
    const { x, y } = this.middle();
    const { view } = this;
    const side = Math.min(Math.max(view.side * factor, this.whole().side), this.most);
    this.go({ side, x: this.width / 2 - x * side, y: this.height / 2 - y * side }, false);
    this.focusAt(x, y);
  }

  listen() {
    const { element } = this;
    const at = (event) => {
      const box = element.getBoundingClientRect();
      return [(event.clientX - box.left - 1) * devicePixelRatio, (event.clientY - box.top - 1) * devicePixelRatio];
    };
    const touches = new Map();
    let start = null, moved = false;
    element.addEventListener("pointerdown", (event) => {
      touches.set(event.pointerId, at(event));
      element.setPointerCapture(event.pointerId);
      start = { at: at(event), view: { ...this.view } };
      moved = touches.size > 1;
    });
    element.addEventListener("pointermove", (event) => {
      const [x, y] = at(event);
      if (!touches.has(event.pointerId)) return this.told.hovered(this.under(x, y), x / devicePixelRatio, y / devicePixelRatio);
      const before = [...touches.values()];
      touches.set(event.pointerId, [x, y]);
      const after = [...touches.values()];
      if (touches.size === 2) {
        const apart = (points) => Math.hypot(points[0][0] - points[1][0], points[0][1] - points[1][1]);
        return this.zoom(apart(after) / Math.max(1, apart(before)), (after[0][0] + after[1][0]) / 2, (after[0][1] + after[1][1]) / 2, false);
      }
      const dx = x - start.at[0], dy = y - start.at[1];
      if (moved || Math.hypot(dx, dy) > 4 * devicePixelRatio) {
        moved = true;
        element.classList.add("moving");
        this.told.hovered(null);
        this.go({ ...this.view, x: start.view.x + dx, y: start.view.y + dy }, false);
      }
    });
    const end = (event) => {
      if (!touches.delete(event.pointerId)) return;
      element.classList.remove("moving");
      const found = moved || event.type === "pointercancel" ? null : this.under(...at(event));
      if (found) this.told.chosen(found);
    };
    element.addEventListener("pointerup", end);
    element.addEventListener("pointercancel", end);
    element.addEventListener("pointerleave", () => this.told.hovered(null));
    element.addEventListener("dblclick", (event) => this.zoom(4, ...at(event)));
    element.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(2 ** (-event.deltaY / (event.deltaMode ? 8 : 240)), ...at(event), false);
    }, { passive: false });
    element.addEventListener("focus", () => this.mark());
    element.addEventListener("blur", () => this.mark());
    element.addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const keys = {
      ArrowLeft: () => this.move(-1, 0), ArrowRight: () => this.move(1, 0), ArrowUp: () => this.move(0, -1), ArrowDown: () => this.move(0, 1),
      "+": () => this.zoomKey(2), "=": () => this.zoomKey(2), "-": () => this.zoomKey(0.5), _: () => this.zoomKey(0.5),
      Enter: () => this.zoomKey(4), Home: () => { this.focus = null; this.fit(); this.move(0, 0); }, Escape: () => this.told.escaped(),
      PageUp: () => this.zoomKey(0.25), PageDown: () => this.zoomKey(4), " ": () => this.focus && this.told.chosen(this.within(this.cellPrefix(this.focus))),
    };
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }
}
