// Addresses, and what one picture says of them. An IPv4 address is a Number, an IPv6 address a BigInt.

const FAMILY = {
  4: {
    bits: 32, zero: 0, one: 1, four: 4, times: [0, 1, 2, 3],
    size: (length) => 2 ** (32 - length),
    read: (hex) => parseInt(hex, 16),
    digit: (number, length) => Math.floor(number / 2 ** (32 - length)) % 4,
    first: (number, length) => number - (number % 2 ** (32 - length)),
  },
  6: {
    bits: 128, zero: 0n, one: 1n, four: 4n, times: [0n, 1n, 2n, 3n],
    size: (length) => 1n << BigInt(128 - length),
    read: (hex) => BigInt("0x" + hex),
    digit: (number, length) => Number((number >> BigInt(128 - length)) & 3n),
    first: (number, length) => (number >> BigInt(128 - length)) << BigInt(128 - length),
  },
};
const MAPPED = 0xffffn << 32n;

function readV4(text) {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && +part < 256)) return null;
  return parts.reduce((number, part) => number * 256 + +part, 0);
}

function readV6(text) {
  let rest = text;
  const dotted = /^(.*:)([0-9.]+)$/.exec(rest);
  if (dotted && dotted[2].includes(".")) {
    const v4 = readV4(dotted[2]);
    if (v4 === null) return null;
    rest = dotted[1] + Math.floor(v4 / 65536).toString(16) + ":" + (v4 % 65536).toString(16);
  }
  const halves = rest.split("::");
  if (halves.length > 2) return null;
  const groups = halves.map((half) => (half === "" ? [] : half.split(":")));
  if (!groups.flat().every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return null;
  const given = groups.flat().length;
  if (halves.length === 1 ? given !== 8 : given > 7) return null;
  const all = halves.length === 1 ? groups[0] : [...groups[0], ...Array(8 - given).fill("0"), ...groups[1]];
  return all.reduce((number, group) => (number << 16n) | BigInt("0x" + group), 0n);
}

/** An address as {version, number}; an IPv4-mapped one is the IPv4 address. Null for anything else. */
function readAddress(text) {
  const v4 = readV4(text);
  if (v4 !== null) return { version: 4, number: v4 };
  const v6 = text.includes(":") ? readV6(text) : null;
  if (v6 === null) return null;
  return v6 >> 32n === 0xffffn ? { version: 4, number: Number(v6 - MAPPED) } : { version: 6, number: v6 };
}

/** A prefix as {version, first, length}, or null. */
function readPrefix(text) {
  const parts = /^([^/]+)\/([0-9]{1,3})$/.exec(text);
  const address = parts && readAddress(parts[1]);
  if (!address || +parts[2] > FAMILY[address.version].bits || (address.version === 4) === parts[1].includes(":")) return null;
  return { version: address.version, first: FAMILY[address.version].first(address.number, +parts[2]), length: +parts[2] };
}

function addressText(version, number) {
  if (version === 4) return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");
  const groups = Array.from({ length: 8 }, (_, i) => Number((number >> BigInt(112 - 16 * i)) & 0xffffn));
  let best = [0, 0];
  for (let at = 0; at < 8; at++) {
    let end = at;
    while (end < 8 && groups[end] === 0) end++;
    if (end - at > Math.max(best[1], 1)) best = [at, end - at];
  }
  const words = groups.map((group) => group.toString(16));
  if (best[1] === 0) return words.join(":");
  return words.slice(0, best[0]).join(":") + "::" + words.slice(best[0] + best[1]).join(":");
}

const prefixText = (version, first, length) => `${addressText(version, first)}/${length}`;

/** The place of the last of some ascending numbers that is not above one. */
function lastNotAbove(numbers, number, low = 0, high = numbers.length - 1) {
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (numbers[middle] <= number) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The prefixes of one family, and the ranges that one prefix is the longest around. */
class Family {
  constructor(version, data) {
    const math = FAMILY[version];
    const differences = data.firsts.split(" ");
    const count = differences.length;
    Object.assign(this, { version, math, count, lengths: data.lengths, answers: data.answers, reasons: data.reasons });
    this.kinds = data.kinds;
    this.vias = data.vias;
    this.details = data.details;
    this.comments = data.comments;
    this.specials = new Map(data.specials);
    this.firsts = version === 4 ? new Float64Array(count) : new Array(count);
    this.offsets = new Uint32Array(count + 1);
    let number = math.zero;
    for (let place = 0; place < count; place++) {
      number += math.read(differences[place]);
      this.firsts[place] = number;
      this.offsets[place + 1] = this.offsets[place] + data.counts[place];
    }
    this.nest();
  }

  last(place) {
    return this.firsts[place] + this.math.size(this.lengths[place]) - this.math.one;
  }

  nest() {
    const starts = [this.math.zero], inner = [0];
    const parents = (this.parents = new Int32Array(this.count).fill(-1));
    const begin = (start, place) => {
      if (starts[starts.length - 1] === start) inner[inner.length - 1] = place;
      else {
        starts.push(start);
        inner.push(place);
      }
    };
    const open = [0], ends = [this.last(0)];
    const close = (before) => {
      while (ends[ends.length - 1] < before) {
        const end = ends.pop();
        open.pop();
        if (end < ends[ends.length - 1]) begin(end + this.math.one, open[open.length - 1]);
      }
    };
    for (let place = 1; place < this.count; place++) {
      close(this.firsts[place]);
      parents[place] = open[open.length - 1];
      open.push(place);
      ends.push(this.last(place));
      begin(this.firsts[place], place);
    }
    close(ends[0]);
    this.starts = this.version === 4 ? Float64Array.from(starts) : starts;
    this.inner = Uint32Array.from(inner);
  }

  /** The range around an address, by its place among the ranges. */
  range(number) {
    return lastNotAbove(this.starts, number);
  }

  rangeEnd(at) {
    const behind = at + 1 < this.starts.length ? this.starts[at + 1] : this.math.size(0);
    return behind - this.math.one;
  }

  /** The places of a prefix and of those around it, the longest first. */
  around(place) {
    const found = [];
    for (let each = place; each >= 0; each = this.parents[each]) found.push(each);
    return found;
  }

  text(place) {
    return prefixText(this.version, this.firsts[place], this.lengths[place]);
  }
}

const LOST = "lost";

/** One vantage's picture. */
class Space {
  constructor(data) {
    Object.assign(this, data);
    this.data = data;
    this.family = { 4: new Family(4, data.families[4]), 6: new Family(6, data.families[6]) };
    this.below = new Map();
    this.own = new Map();
    this.stored = new Map();
    this.globs = [];
    for (const route of data.names) {
      const [hostname, match] = route;
      if (match === "glob") this.globs.push(route);
      else {
        if (match !== "one_label") this.own.set(hostname, route);
        if (match === "one_label" || match === "both") this.below.set(hostname, route);
        if (match === "stored") this.stored.set(hostname, route);
      }
    }
  }

  way(answer) {
    const way = this.answers[answer][0];
    return way < 0 ? null : this.ways[way];
  }

  /** What is said of an address: its range, answer, steps and candidates. */
  explain(version, number) {
    const family = this.family[version];
    const at = family.range(number);
    return { version, number, ...this.explainRange(family, at) };
  }

  explainRange(family, at) {
    const place = family.inner[at];
    const answer = family.answers[place];
    const [, refusal, sure] = this.answers[answer];
    const [steps, fates] = this.reasons[family.reasons[place]];
    const candidates = [];
    let fate = 0;
    for (const each of family.around(place)) {
      for (let item = family.offsets[each]; item < family.offsets[each + 1]; item++, fate++) {
        const [status, reason, text] = (fates[fate] || [0, 0, 0]).map((n) => this.texts[n]);
        if (status) candidates.push(this.candidate(family, each, item, { status, reason, text }));
      }
    }
    candidates.sort((a, b) => (a.status === LOST) - (b.status === LOST));
    return {
      family, at, place, answer, candidates,
      first: family.starts[at],
      last: family.rangeEnd(at),
      way: this.way(answer),
      refusal: refusal < 0 ? null : this.refusals[refusal],
      sure: !!sure,
      steps: steps.map(([rule, effect, text]) => ({ rule: this.texts[rule], effect: this.texts[effect], text: this.texts[text] })),
    };
  }

  candidate(family, place, item, fate) {
    return {
      ...fate,
      kind: family.kinds[item],
      destination: family.lengths[place] === family.math.bits && family.kinds[item] === 1
        ? addressText(family.version, family.firsts[place]) : family.text(place),
      via: family.vias[item] < 0 ? null : this.ways[family.vias[item]],
      detail: this.texts[family.details[item]],
      comment: this.texts[family.comments[item]],
    };
  }

  /** Where a name goes: {way} or {refused}, by a route; {answers} for a name with known addresses; or neither. */
  name(text) {
    const name = text.toLowerCase().replace(/\.$/, "");
    const above = name.slice(name.indexOf(".") + 1 || name.length);
    if (this.bound) return { name, way: this.ways[this.answers[0][0]] };
    const route = this.own.get(name) || this.globs.find((glob) => globMatches(glob[0], name)) || this.below.get(above);
    const maybe = route ? null : this.stored.get(above) || null;
    if (route) return { name, route, way: route[2] < 0 ? null : this.ways[route[2]] };
    return { name, maybe, answers: Object.hasOwn(this.hosts, name) ? this.hosts[name] : null };
  }
}

function globMatches(pattern, name) {
  const parts = pattern.split("."), labels = name.split(".");
  return parts.length === labels.length && parts.every((part, i) =>
    new RegExp("^" + part.split("*").map((text) => text.replace(/[^a-z0-9_-]/gi, "\\$&")).join(".*") + "$").test(labels[i]));
}

async function unpack(id) {
  const binary = atob(document.getElementById(id).textContent);
  const octets = Uint8Array.from(binary, (c) => c.charCodeAt(0));
  const stream = new Blob([octets]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}
