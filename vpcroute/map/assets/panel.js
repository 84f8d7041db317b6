// What is said beside the map: explanations, the legend, lists. Everything from outside is set as text.

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

const KINDS = ["subnet route", "own address", "WAN static route", "WAN BGP route", "reserved range", "in virtual network"];
const OFFRAMPS = { CFD_TUNNEL: "Tunnel", MESH: "Mesh", DEVICE_CLIENT: "device", MAGIC: "WAN", INTERNET: "Internet" };
const STATUSES = { wins: "wins", shares: "wins, shared", refuses: "refuses", lost: "lost" };

const tag = (text, kind = "") => make("span", { class: `tag ${kind}` }, text);
const wayTags = (way) => [way.offramp ? tag(OFFRAMPS[way.offramp] || way.offramp) : null, way.up ? null : tag("down", "bad")];

/** How many addresses, for people. */
function amount(count) {
  if (typeof count === "number" || count < 1n << 20n) return count.toLocaleString("en");
  const power = count.toString(2).length - 1;
  const rest = Number(count >> BigInt(Math.max(0, power - 40))) / 2 ** Math.min(40, power);
  return `${count === 1n << BigInt(power) ? "" : "about "}2^${(power + Math.log2(rest)).toFixed(1)}`.replace(/\.0$/, "");
}

/** A range as a prefix, if it is one, or by its ends. */
function rangeText(family, first, last) {
  const { math, version } = family;
  const size = last - first + math.one;
  const power = version === 4 ? Math.log2(size) : size.toString(2).length - 1;
  const whole = version === 4 ? Number.isInteger(power) : size === 1n << BigInt(power);
  if (whole && math.first(first, math.bits - power) === first)
    return power ? prefixText(version, first, math.bits - power) : addressText(version, first);
  return `${addressText(version, first)} – ${addressText(version, last)}`;
}

function answerText(space, answer) {
  const [way, refusal, sure] = space.answers[answer];
  if (way < 0) return `refused, ${space.refusals[refusal][0]}`;
  return space.ways[way].name + (sure ? "" : ", not guaranteed") + (space.ways[way].up ? "" : ", down");
}

class Panel {
  constructor(app) {
    this.app = app;
  }

  get space() {
    return this.app.space;
  }

  wayRow(way, big = false) {
    return [swatch(this.app.styles.way(way)), make("span", { class: "grow" }, way.name), make("span", { class: "tags" }, wayTags(way))];
  }

  /** The whole explanation of one range; of one address in it, if there is one. */
  explanation(found, title) {
    const { family } = found;
    const range = rangeText(family, found.first, found.last);
    const parts = [make("h2", { class: "mono" }, title || range)];
    parts.push(make("p", { class: "quiet" }, title && title !== range ? `in ${range}, ` : "", `${amount(found.last - found.first + family.math.one)} ${found.first === found.last ? "address" : "addresses"}`));
    parts.push(...this.changeOf(found));
    parts.push(...this.answer(found));
    const around = family.around(found.place);
    parts.push(make("h3", {}, "Why"), make("ol", { class: "steps" }, found.steps.map((step) => make("li", { class: step.effect, title: step.rule }, step.text))));
    if (found.candidates.length)
      parts.push(make("h3", {}, "Candidates"), make("ul", { class: "candidates" }, found.candidates.map((each) => this.candidate(family, each))));
    parts.push(make("h3", {}, "Covered by"), make("p", { class: "mono" }, around.flatMap((place, i) => [
      i ? " ‹ " : null,
      make("button", { type: "button", class: "link", onclick: () => this.app.jump(family.version, family.firsts[place], family.lengths[place]) }, family.text(place)),
    ])));
    return parts;
  }

  changeOf(found) {
    const change = this.app.changeAt(found.family.version, found.number ?? found.first);
    if (!change) return [];
    const { kind, before, after } = change;
    return [
      make("p", { class: "answer" }, swatch(this.app.styles.change(kind), 18), make("span", {}, kind.replaceAll("_", " "))),
      make("p", { class: "why" }, `${before} → ${after}`),
    ];
  }

  answer(found) {
    if (found.refusal) {
      const [code, message, hint] = found.refusal;
      return [
        make("p", { class: "answer" }, swatch(this.app.styles.refusal(code)), make("span", {}, "refused"), tag(code, "bad")),
        make("p", {}, message),
        hint ? make("p", { class: "quiet" }, hint) : null,
      ];
    }
    const route = found.candidates.find((each) => each.status === "wins" || each.status === "shares");
    return [
      make("p", { class: "answer" }, this.wayRow(found.way), found.sure ? null : tag("not guaranteed", "warn")),
      route ? make("p", {}, "by ", make("span", { class: "mono" }, route.destination), route.comment ? make("span", { class: "quiet" }, ` · ${route.comment}`) : "") : null,
      found.way.id ? make("p", { class: "quiet mono" }, found.way.id) : null,
    ];
  }

  candidate(family, each) {
    const status = tag(STATUSES[each.status], each.status === LOST ? "" : each.status === "refuses" ? "bad" : "good");
    const kind = KINDS[each.kind] + (each.kind >= 4 ? `: ${each.detail}` : each.detail ? `, ${each.detail}` : "");
    return make("li", {},
      make("div", { class: "row" }, make("span", { class: "mono grow" }, each.destination), make("span", { class: "end" }, status)),
      each.via ? make("div", { class: "row" }, swatch(this.app.styles.way(each.via)), make("span", { class: "grow" }, each.via.name), make("span", { class: "tags" }, wayTags(each.via))) : null,
      make("div", { class: "why" }, kind + (each.comment ? ` · ${each.comment}` : "")),
      each.text ? make("div", { class: "why" }, each.text) : null);
  }

  name(found) {
    const parts = [make("h2", { class: "mono" }, found.name)];
    if (found.route || found.way !== undefined) {
      const [hostname, match, , comment] = found.route || ["", "", 0, 0];
      if (found.way) parts.push(make("p", { class: "answer" }, this.wayRow(found.way)));
      else parts.push(make("p", { class: "answer" }, "refused", tag("route_not_in_force", "bad")));
      if (found.route) parts.push(make("p", {}, "by hostname route ", make("span", { class: "mono" }, hostname), ` (${match.replaceAll("_", " ")})`), make("p", { class: "quiet" }, this.space.texts[comment]));
      else parts.push(make("p", { class: "quiet" }, "the binding hands every destination to this tunnel"));
      return parts;
    }
    if (found.maybe) parts.push(make("p", { class: "tags" }, tag("not guaranteed", "warn")), make("p", {}, `the stored route ${found.maybe[0]} may be a wildcard: Cloudflare's record does not say`));
    if (found.answers) {
      parts.push(make("p", {}, "No hostname route is sure to take it: it goes where the first of its known addresses goes that has a way."));
      parts.push(make("ul", { class: "names" }, found.answers.map((text) => {
        const address = readAddress(text);
        const answer = this.space.explain(address.version, address.number);
        return make("li", {}, make("button", { type: "button", class: "link mono", onclick: () => this.app.find(text) }, text), ` ${answerText(this.space, answer.answer)}`);
      })));
    } else parts.push(make("p", {}, "No hostname route is sure to take it. Gateway resolves the name, and where it goes depends on its address."));
    return parts;
  }

  /** Several ranges in one cell: what is in it, by answer. */
  cell(family, text, from, to, count) {
    const space = this.space;
    const answers = new Map();
    for (let at = from; at <= to; at++) {
      const answer = family.answers[family.inner[at]];
      answers.set(answer, (answers.get(answer) || 0) + 1);
    }
    const rows = [...answers].sort((a, b) => b[1] - a[1]);
    return [
      make("h2", { class: "mono" }, text),
      make("p", { class: "quiet" }, `${count.toLocaleString("en")} ranges`),
      make("ul", { class: "candidates" }, rows.slice(0, 12).map(([answer, ranges]) => {
        const way = space.way(answer);
        return make("li", { class: "row" }, swatch(way ? this.app.styles.way(way) : this.app.styles.refusal(space.refusals[space.answers[answer][1]][0])),
          make("span", { class: "grow" }, answerText(space, answer)), make("span", { class: "end quiet" }, `${ranges.toLocaleString("en")} ${ranges === 1 ? "range" : "ranges"}`));
      })),
      rows.length > 12 ? make("p", { class: "quiet" }, `and ${rows.length - 12} more`) : null,
    ];
  }

  /** Lines for the tip beside the pointer. */
  tip(found, ranges) {
    const range = rangeText(found.family, found.first, found.last);
    const lost = found.candidates.filter((each) => each.status === LOST);
    const route = found.candidates.find((each) => each.status !== LOST);
    const way = found.way;
    return [
      make("div", {}, make("b", { class: "mono" }, range)),
      ...this.changeOf(found),
      make("div", { class: "row" }, way ? this.wayRow(way) : [swatch(this.app.styles.refusal(found.refusal[0])), make("span", {}, "refused"), tag(found.refusal[0], "bad")], found.sure ? null : tag("not guaranteed", "warn")),
      way && route ? make("div", {}, "by ", make("span", { class: "mono" }, route.destination), route.comment ? ` · ${route.comment}` : "") : null,
      way ? null : make("div", { class: "quiet" }, found.refusal[1]),
      ...lost.slice(0, 3).map((each) => make("div", { class: "quiet" }, `not ${each.destination}${each.via ? ` through ${each.via.name}` : ""}: ${each.text}`)),
      lost.length > 3 ? make("div", { class: "quiet" }, `nor ${lost.length - 3} more`) : null,
      ranges > 1 ? make("div", { class: "quiet" }, `and ${(ranges - 1).toLocaleString("en")} more in this pixel`) : null,
    ];
  }

  // The legend

  legend(lit, light) {
    const { app, space } = this;
    const rows = [];
    const button = (key, style, name, tags, count, title) => make("button", { type: "button", "aria-pressed": String(lit === key), title: title || name, onclick: () => light(lit === key ? null : key) },
      swatch(style), make("span", { class: "name" }, name), make("span", { class: "tags" }, tags), make("span", { class: "count" }, count));
    if (app.side === "changes") {
      for (const [kind, meaning] of space.changes.kinds) {
        const counts = space.changes.counts[kind];
        if (counts) {
          const [v4, v6, names] = counts;
          const parts = [v4 ? `${v4.toLocaleString("en")} IPv4` : "", v6 !== "0" ? `${v6} IPv6` : "", names ? `${names} names` : ""];
          rows.push(button(kind, app.styles.change(kind), kind.replaceAll("_", " "), [], parts.filter(Boolean).join(", "), meaning));
        }
      }
      return [make("h2", {}, "What changes"), rows.length ? make("div", { class: "list changes" }, rows) : make("p", { class: "quiet" }, "Nothing changes."), make("p", { class: "quiet foot" }, "What does not change is dimmed.")];
    }
    const version = app.map.root ? app.map.root.version : 4;
    space.ways.forEach((way, number) => {
      if (way.count4 || way.count6 !== "0") rows.push([version === 4 ? way.count4 : way.weight6, button(number, app.styles.way(way), way.name, wayTags(way), version === 4 ? way.count4.toLocaleString("en") : way.count6)]);
    });
    rows.sort((a, b) => b[0] - a[0]);
    const refused = [];
    for (const code of new Set(space.refusals.map(([code]) => code))) refused.push(button(code, app.styles.refusal(code), code, [], ""));
    return [
      make("h2", {}, `Where IPv${version} addresses go`),
      make("div", { class: "list" }, rows.map((row) => row[1])),
      refused.length ? make("h3", {}, "Refused") : null,
      make("div", { class: "list" }, refused),
      make("p", { class: "quiet foot" }, "Where one pixel stands for several ranges, a route is drawn rather than what is around it."),
    ].filter(Boolean);
  }
}

/** A table that is shown a page at a time. `fill(from)` returns {rows, next}: where the next page begins, or null. */
class Pages {
  constructor(caption, columns, fill) {
    Object.assign(this, { fill, stack: [0], columns });
    this.body = make("tbody");
    this.caption = make("caption", {}, caption);
    this.back = make("button", { type: "button", class: "plain", onclick: () => this.turn(-1) }, "Previous");
    this.forth = make("button", { type: "button", class: "plain", onclick: () => this.turn(1) }, "Next");
    this.page = make("span", { class: "quiet", role: "status" });
    const head = make("tr", {}, columns.map(([name, kind]) => make("th", { scope: "col", class: kind || null }, name)));
    this.element = make("div", {}, make("div", { class: "scroll" }, make("table", {}, this.caption, make("thead", {}, head), this.body)), make("div", { class: "pages" }, this.back, this.forth, this.page));
    this.show();
  }

  turn(by) {
    if (by > 0) this.stack.push(this.next);
    else this.stack.pop();
    this.show();
  }

  restart() {
    this.stack = [0];
    this.show();
  }

  show() {
    const { rows, next } = this.fill(this.stack[this.stack.length - 1]);
    this.next = next;
    this.body.replaceChildren(...rows.map((cells) => make("tr", {}, cells.map((cell, i) => make("td", { class: this.columns[i][1] || null }, cell)))));
    this.back.disabled = this.stack.length === 1;
    this.forth.disabled = next === null;
    this.page.textContent = rows.length ? `Page ${this.stack.length}` : "Nothing here";
  }
}
