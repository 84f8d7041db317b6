// Pixels: every range of a picture as the squares it is made of, in one pass from the whole to the single pixel.

const TILE = 12;
const ROUTE = 3; // the rank of what is routed to a connector
const FEW = 3000; // dots that do not hide each other
const MASKS = {
  solid: null,
  rising: (x, y) => (x + y) % 6 < 2,
  dots: (x, y) => x % 6 < 2 && y % 6 < 2,
  level: (x, y) => y % 6 < 2,
  grid: (x, y) => x % 6 === 0 || y % 6 === 0,
  upright: (x, y) => x % 6 < 2,
  falling: (x, y) => (x - y + TILE) % 6 < 1,
  holes: (x, y) => (x + 6 * (y >= 6)) % 12 < 4 && y % 6 < 4,
};

function colour(hex) {
  const value = parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}
const mixed = (one, other, share) => one.map((c, i) => Math.round(c * share + other[i] * (1 - share)));
const word = ([r, g, b]) => ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;

/** How something is painted: a tile of colours, or one colour. */
class Style {
  constructor(base, ink, pattern, extra) {
    this.base = word(base);
    this.tile = null;
    const masks = [[MASKS[pattern], word(ink)]].concat(extra ? [[MASKS[extra.pattern], word(extra.ink)]] : []);
    if (masks.some(([mask]) => mask)) {
      this.tile = new Uint32Array(TILE * TILE).fill(this.base);
      for (const [mask, value] of masks)
        if (mask) for (let i = 0; i < TILE * TILE; i++) if (mask(i % TILE, Math.floor(i / TILE))) this.tile[i] = value;
    }
  }
}

/** The styles of the ways, refusals and kinds of change of a theme. */
class Styles {
  constructor(theme, dark) {
    const pick = (pair) => colour(pair[dark ? 1 : 0]);
    this.page = pick(theme.surfaces.page);
    this.pick = pick;
    this.theme = theme;
    this.dark = dark;
  }

  surface(name) {
    return this.pick(this.theme.surfaces[name]);
  }

  // `dim` is false for full colours, true for pale ones, "grey" for pale ones that no colour can be taken for.

  way(way, dim) {
    if (way.style < 0) return this.made(this.surface("gateway"), this.surface("gateway"), "solid", dim);
    const { palette, patterns } = this.theme;
    const base = this.pick(palette[way.style % palette.length]);
    const pattern = patterns[Math.floor(way.style / palette.length) % patterns.length];
    const ink = mixed(base, this.dark ? [0, 0, 0] : [255, 255, 255], 0.55);
    return this.made(base, ink, pattern, dim, way.up ? null : { pattern: "holes", ink: this.page });
  }

  refusal(code, dim) {
    const kind = this.theme.refusals[code] || "refused";
    return this.made(this.surface(kind), this.surface(kind + "_ink"), "falling", dim);
  }

  change(kind, dim) {
    return this.made(this.pick(this.theme.changes[kind]), this.page, "solid", dim);
  }

  made(base, ink, pattern, dim, extra) {
    const pale = (c) => (dim === "grey" ? Array(3).fill(0.3 * c[0] + 0.59 * c[1] + 0.11 * c[2]) : c);
    const fade = (c) => (dim ? mixed(pale(c), this.page, 0.3) : c);
    return new Style(fade(base), fade(ink), pattern, extra);
  }
}

/** Paints the part of a root's square that is seen. `layer` has the ranges, and for each value a style and a rank. */
function paint(pixels, width, height, layer, family, root, view, unit) {
  const { starts, values, styles, ranks } = layer;
  const out = new Uint32Array(pixels.data.buffer);
  const small = [];
  const last = starts.length - 1;

  const fill = (x, y, side, value) => {
    const left = Math.max(0, Math.round(x)), right = Math.min(width, Math.round(x + side));
    const top = Math.max(0, Math.round(y)), bottom = Math.min(height, Math.round(y + side));
    if (left >= right) return;
    const style = styles[value];
    for (let row = top; row < bottom; row++) {
      const begin = row * width;
      if (style.tile === null) out.fill(style.base, begin + left, begin + right);
      else {
        const line = (Math.floor(row / unit) % TILE) * TILE;
        for (let column = left; column < right; column++)
          out[begin + column] = style.tile[line + (Math.floor(column / unit) % TILE)];
      }
    }
  };

  const cell = (first, size, turn, x, y, side, low, high) => {
    if (x >= width || y >= height || x + side <= 0 || y + side <= 0) return;
    const from = lastNotAbove(starts, first, low, high);
    const to = lastNotAbove(starts, first + size - family.one, from, high);
    if (from === to) return side > 1 ? fill(x, y, side, values[from]) : void small.push(x, y, values[from]);
    if (side <= 1) {
      let best = values[from];
      for (let at = from + 1; at <= to; at++) if (ranks[values[at]] > ranks[best]) best = values[at];
      small.push(x, y, best);
      return;
    }
    const quarter = size / family.four, half = side / 2;
    for (let i = 0; i < 4; i++) {
      const [right, below] = QUARTERS[turn][i];
      cell(first + quarter * family.times[i], quarter, TURNS[turn][i], x + right * half, y + below * half, half, from, to);
    }
  };

  out.fill(word(layer.outside));
  cell(root.first, family.size(root.length), 0, view.x, view.y, view.side, 0, last);
  dots(small, layer, out, width, height, unit);
}

/** What is smaller than a pixel: the most telling of each pixel, and routes as dots that are seen, while they are few. */
function dots(small, { styles, ranks }, out, width, height, unit) {
  const best = new Uint16Array(width * height); // one more than the value; 0 is none
  let routes = 0;
  for (let i = 0; i < small.length; i += 3) {
    const x = Math.floor(small[i]), y = Math.floor(small[i + 1]), value = small[i + 2];
    if (x < 0 || y < 0 || x >= width || y >= height) continue;
    const at = y * width + x, known = best[at];
    if (known !== 0 && ranks[value] <= ranks[known - 1]) continue;
    routes += (ranks[value] >= ROUTE) - (known !== 0 && ranks[known - 1] >= ROUTE);
    best[at] = value + 1;
    out[at] = styles[value].base;
  }
  if (routes === 0 || routes > FEW || routes * 40 > width * height) return;
  const isRoute = (at) => best[at] !== 0 && ranks[best[at] - 1] >= ROUTE;
  for (let at = 0; at < best.length; at++) {
    if (!isRoute(at)) continue;
    const x = at % width, y = Math.floor(at / width), { base } = styles[best[at] - 1];
    for (let row = Math.max(0, y - unit); row <= Math.min(height - 1, y + unit); row++)
      for (let column = Math.max(0, x - unit); column <= Math.min(width - 1, x + unit); column++)
        if (!isRoute(row * width + column)) out[row * width + column] = base;
  }
}

/** A small square in a style, for legends. */
function swatch(style, side = 14) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side * 2;
  canvas.className = "swatch";
  canvas.setAttribute("aria-hidden", "true");
  const pixels = new ImageData(side * 2, side * 2);
  const layer = { starts: [0], values: [0], styles: [style], ranks: [1], outside: [0, 0, 0] };
  paint(pixels, side * 2, side * 2, layer, FAMILY[4], { first: 0, length: 0 }, { x: 0, y: 0, side: side * 2 }, 2);
  canvas.getContext("2d").putImageData(pixels, 0, 0);
  return canvas;
}
