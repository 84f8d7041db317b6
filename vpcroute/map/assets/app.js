// The page: which picture is shown, what is asked of it, and what everything does together.

const PAGE_ROWS = 50;
const FOUND_ROWS = 30;

class App {
  constructor(about) {
    this.about = about;
    this.spaces = new Map();
    this.lit = null;
    this.panel = new Panel(this);
    this.$ = (id) => document.getElementById(id);
    this.dark = matchMedia("(prefers-color-scheme: dark)");
    this.map = new AddressMap(this.$("map"), {
      opened: (root) => this.opened(root),
      seen: (prefix) => this.seen(prefix),
      hovered: (found, x, y) => this.hovered(found, x, y),
      chosen: (found) => this.chosen(found),
      focused: (prefix, found) => this.focused(prefix, found),
      escaped: () => this.escaped(),
      label: (family, place) => this.label(family, place),
      drawn: (milliseconds) => this.drawn(milliseconds),
    });
  }

  async start() {
    this.recolour(false);
    const { views } = this.about;
    if (views.length > 1) {
      this.$("vantages").append(...views.map((view, i) => make("option", { value: i }, view.title)));
      this.$("pick-vantage").hidden = false;
      this.$("vantages").addEventListener("change", (event) => this.look(+event.target.value, this.side));
    }
    if (views[0].before !== null) {
      this.$("sides").append(...["changes", "after", "before"].map((side) => make("option", { value: side }, side)));
      this.$("pick-side").hidden = false;
      this.$("sides").addEventListener("change", (event) => this.look(this.view, event.target.value));
    }
    this.listen();
    await this.look(0, views[0].before === null ? "after" : "changes");
    this.map.open({ version: 4, first: 0, length: 0 });
    const change = this.space.changes && this.side === "changes" ? this.space.changes.addresses[0] : null;
    this.details(change || !this.space.changes ? [make("h2", {}, "Explanation"), make("p", { class: "quiet" }, "Point at the map or search for an address: here stands where it goes, and why. Click to keep it.")] : [make("h2", {}, "Nothing changes"), make("p", { class: "quiet" }, "Every address and every name keeps its answer.")]);
    this.$("busy").hidden = true;
  }

  /** Shows a vantage, and of a comparison one side or the changes. */
  async look(view, side) {
    const { before, after } = this.about.views[view];
    const [space] = await Promise.all([this.load(side === "before" ? before : after)]);
    Object.assign(this, { view, side, space, lit: null });
    this.$("vantage").textContent = space.title;
    this.changes = side === "changes" ? this.sorted(space) : null;
    this.layered();
    this.blocks();
    this.lists();
    if (this.map.root) this.legend();
  }

  async load(number) {
    if (!this.spaces.has(number)) {
      const space = new Space(await unpack(`picture-${number}`));
      const weight = (text) => {
        const power = /2\^([0-9.]+)/.exec(text);
        return power ? 2 ** +power[1] : +text.replaceAll(",", "");
      };
      for (const way of space.ways) way.weight6 = weight(way.count6);
      this.spaces.set(number, space);
    }
    return this.spaces.get(number);
  }

  /** The changes of each family by their addresses. */
  sorted(space) {
    const found = { 4: { firsts: [], lasts: [], rows: [] }, 6: { firsts: [], lasts: [], rows: [] } };
    for (const row of space.changes.addresses) {
      const { read } = FAMILY[row[0]];
      found[row[0]].firsts.push(read(row[1]));
      found[row[0]].lasts.push(read(row[2]));
      found[row[0]].rows.push(row);
    }
    return found;
  }

  changeAt(version, number) {
    if (!this.changes) return null;
    const { firsts, lasts, rows } = this.changes[version];
    const at = rows.length ? lastNotAbove(firsts, number) : -1;
    return at >= 0 && firsts[at] <= number && number <= lasts[at] ? this.changeTexts(rows[at].slice(3)) : null;
  }

  changeTexts([kind, before, after]) {
    const { kinds, sides } = this.space.changes;
    const text = ([way, code, sure, up]) => (way < 0 ? `refused, ${code}` : this.space.ways[way].name + (sure ? "" : ", not guaranteed") + (up ? "" : ", down"));
    return { kind: kinds[kind][0], before: text(sides[before]), after: text(sides[after]) };
  }

  // What is painted

  layered() {
    const { space, styles, lit } = this;
    const dim = (key) => (this.side === "changes" ? "grey" : lit !== null && lit !== key);
    const answers = space.answers.map(([way, refusal]) => {
      if (way >= 0) return styles.way(space.ways[way], dim(way));
      return styles.refusal(space.refusals[refusal][0], dim(space.refusals[refusal][0]));
    });
    const ranks = space.answers.map(([way, refusal]) => {
      const key = way >= 0 ? way : space.refusals[refusal][0];
      return (lit === key ? 8 : 0) + (way < 0 ? 1 : space.ways[way].style < 0 ? 2 : 3);
    });
    const changed = space.changes ? space.changes.kinds.map(([kind]) => styles.change(kind, lit !== null && lit !== kind)) : [];
    const changedRanks = space.changes ? space.changes.kinds.map(([kind], i) => 40 - i + (lit === kind ? 40 : 0)) : [];
    const layers = {};
    for (const version of [4, 6]) {
      const family = space.family[version];
      const { starts, values } = this.runs(family, space.answers.length);
      layers[version] = {
        starts, values,
        styles: [...answers, ...changed],
        ranks: [...ranks, ...changedRanks],
        rank: (family, at) => ranks[family.answers[family.inner[at]]],
        outside: styles.dark ? [24, 29, 37] : [246, 248, 250],
      };
    }
    this.layers = layers;
    this.map.show(space, layers, styles);
  }

  /** The ranges with one value: an answer or, behind these, a kind of change. */
  runs(family, behind) {
    const starts = [], values = [];
    const push = (start, value) => {
      if (values.length && values[values.length - 1] === value) return;
      starts.push(start);
      values.push(value);
    };
    const changes = this.changes ? this.changes[family.version] : { rows: [] };
    let next = 0, until = null;
    for (let at = 0; at < family.inner.length; at++) {
      const start = family.starts[at], end = family.rangeEnd(at), value = family.answers[family.inner[at]];
      if (until === null || start > until) push(start, value);
      while (next < changes.rows.length && changes.firsts[next] <= end) {
        push(changes.firsts[next], behind + changes.rows[next][3]);
        until = changes.lasts[next++];
        if (until < end && !(changes.firsts[next] === until + family.math.one)) push(until + family.math.one, value);
      }
      if (until !== null && until >= start && until < end && next > 0 && changes.firsts[next - 1] < start) push(until + family.math.one, value);
    }
    return { starts: family.version === 4 ? Float64Array.from(starts) : starts, values: Uint16Array.from(values) };
  }

  recolour(again = true) {
    const choice = document.documentElement.dataset.choice || "auto";
    const dark = choice === "auto" ? this.dark.matches : choice === "dark";
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    this.$("theme").setAttribute("aria-pressed", String(dark));
    this.styles = new Styles(this.about.theme, dark);
    if (again) {
      this.layered();
      this.blocks();
      this.legend();
      if (this.shown) this.shown();
    }
  }

  label(family, place) {
    let own = false;
    for (let item = family.offsets[place]; item < family.offsets[place + 1]; item++) own ||= family.kinds[item] < 4;
    const special = family.specials.get(place);
    if (!own) {
      const range = family.offsets[place + 1] > family.offsets[place] ? this.space.texts[family.details[family.offsets[place]]] : "";
      return { own, way: "", note: special === undefined ? range : this.space.texts[special] };
    }
    const answer = family.answers[place];
    return { own, way: answer < 0 ? "" : answerText(this.space, answer), note: "" };
  }

  // What is beside the map

  details(parts) {
    this.$("details").replaceChildren(...parts.filter((part) => part !== null && part !== ""));
  }

  legend() {
    this.$("legend").replaceChildren(...this.panel.legend(this.lit, (key) => {
      this.lit = key;
      this.layered();
      this.legend();
      if (this.ranges) this.ranges.restart();
    }));
  }

  blocks() {
    const root = this.map.root;
    this.$("blocks").replaceChildren(...this.space.blocks.map(([version, hex, length, title, note]) => {
      const block = { version, first: FAMILY[version].read(hex), length };
      const canvas = make("canvas", { width: 88, height: 88, "aria-hidden": "true" });
      const pixels = new ImageData(88, 88);
      paint(pixels, 88, 88, this.layers[version], FAMILY[version], block, { x: 0, y: 0, side: 88 }, 2);
      canvas.getContext("2d").putImageData(pixels, 0, 0);
      const current = !!root && root.version === version && root.first === block.first && root.length === length;
      return make("button", { type: "button", "aria-current": String(current), onclick: () => this.map.open(block) },
        canvas, make("div", {}, make("strong", {}, title), make("span", {}, note || "in use")));
    }));
  }

  opened(root) {
    for (const [i, button] of [...this.$("blocks").children].entries()) {
      const [version, hex, length] = this.space.blocks[i];
      button.setAttribute("aria-current", String(root.version === version && root.length === length && FAMILY[version].read(hex) === root.first));
    }
    this.legend();
    this.lists();
  }

  /** The way from the whole to what is seen. */
  seen(prefix) {
    const { root } = this.map;
    const math = FAMILY[root.version];
    const step = root.version === 4 ? 8 : 16;
    const lengths = [];
    for (let length = 0; length < prefix.length; length += step) lengths.push(length);
    lengths.push(prefix.length);
    const key = `${root.version} ${root.length} ${prefix.first} ${prefix.length}`;
    if (this.seenKey === key) return;
    this.seenKey = key;
    this.$("path").replaceChildren(...lengths.flatMap((length, i) => {
      const first = math.first(prefix.first, length);
      const text = length ? prefixText(root.version, first, length) : `IPv${root.version}`;
      return [i ? make("i", { "aria-hidden": "true" }, "›") : null, make("button", { type: "button", class: length ? "mono" : "", "aria-current": i === lengths.length - 1 ? "location" : null, onclick: () => this.jump(root.version, first, length, false) }, text)].filter(Boolean);
    }));
    this.map.element.setAttribute("aria-label", `Map, showing ${prefixText(root.version, prefix.first, prefix.length)}`);
  }

  drawn(milliseconds) {
    this.milliseconds = milliseconds;
    document.documentElement.dataset.drawn = String(++this.count || (this.count = 1));
  }

  hovered(found, x, y) {
    const tip = this.$("tip");
    tip.hidden = !found;
    if (!found) return;
    const family = this.map.family;
    const told = { ...this.space.explainRange(family, found.at), number: this.inside(family, found) };
    tip.replaceChildren(...this.panel.tip(told, found.ranges).filter((part) => part !== null));
    const { clientWidth, clientHeight } = this.map.element;
    tip.style.left = `${x + 18 + tip.offsetWidth > clientWidth ? Math.max(4, x - tip.offsetWidth - 12) : x + 18}px`;
    tip.style.top = `${y + 18 + tip.offsetHeight > clientHeight ? Math.max(4, y - tip.offsetHeight - 12) : y + 18}px`;
  }

  /** An address of the range: the one asked for, if it is in it. */
  inside(family, found) {
    const first = family.starts[found.at];
    return found.number !== undefined && found.number >= first && found.number <= family.rangeEnd(found.at) ? found.number : first;
  }

  chosen(found) {
    const family = this.map.family;
    const told = { ...this.space.explainRange(family, found.at), number: this.inside(family, found) };
    this.map.choose(family.firsts[told.place], family.lengths[told.place]);
    this.shown = () => this.details(this.panel.explanation(told));
    this.shown();
    this.say(`${rangeText(family, told.first, told.last)}: ${answerText(this.space, told.answer)}`);
  }

  focused(prefix, found) {
    const family = this.map.family;
    const text = prefixText(family.version, prefix.first, prefix.length);
    const told = { ...this.space.explainRange(family, found.at), number: this.inside(family, { ...found, number: prefix.first }) };
    if (found.ranges === 1) {
      const won = told.candidates.find((each) => each.status !== LOST);
      this.shown = () => this.details(this.panel.explanation(told));
      const change = this.changeAt(family.version, told.number);
      this.say(`${text}: ${answerText(this.space, told.answer)}${won && told.way ? `, by ${won.destination}` : ""}${change ? `, ${change.kind.replaceAll("_", " ")}` : ""}`);
    } else {
      const answers = new Set();
      for (let at = found.from; at <= found.to && answers.size < 6; at++) answers.add(answerText(this.space, family.answers[family.inner[at]]));
      this.shown = () => this.details(this.panel.cell(family, text, found.from, found.to, found.ranges));
      this.say(`${text}: ${found.ranges} ranges: ${[...answers].slice(0, 5).join("; ")}${answers.size > 5 ? " and others" : ""}`);
    }
    this.shown();
  }

  escaped() {
    const { map } = this;
    if (map.chosen) map.clear();
    else if (map.view.side > map.whole().side * 1.01) map.zoomKey(0.25);
    else if (map.root.length) this.jump(map.root.version, FAMILY[map.root.version].zero, 0, false);
  }

  say(text) {
    this.$("live").textContent = text;
  }

  // Search

  /** Shows a prefix, from the root that is shown if it lies in that and can be seen there. */
  jump(version, first, length, choose = true) {
    const math = FAMILY[version];
    const { root } = this.map;
    const fits = (r) => r && r.version === version && r.length <= length && math.first(first, r.length) === r.first && length - r.length <= 2 * DEEPEST;
    if (!fits(root) || (!choose && length < root.length)) {
      const blocks = this.space.blocks.filter((b) => b[0] === version).map(([, hex, length]) => ({ version, first: math.read(hex), length }));
      const inside = blocks.filter(fits);
      const back = Math.max(0, Math.min(length - (length % 2), length - 2 * DEEPEST + (length % 2)));
      const deep = { version, first: math.first(first, back), length: back - (back % 2) };
      deep.first = math.first(first, deep.length);
      this.map.open(choose && inside.length ? inside[inside.length - 1] : inside[0] || deep);
    }
    this.map.reveal(first, length);
    if (choose) this.map.choose(first, length);
  }

  /** What a text stands for is shown; false if it stands for nothing that can be. */
  find(text) {
    const asked = this.read(text);
    if (asked.address) {
      const { version, number } = asked.address;
      const told = this.space.explain(version, number);
      const { family, place } = told;
      this.jump(version, number, family.math.bits, true);
      if (family.lengths[place] > 0 && family.lengths[place] >= (this.map.root ? this.map.root.length : 0)) {
        const length = Math.max(family.lengths[place], this.map.root.length);
        this.map.reveal(family.math.first(number, length), length);
      } else this.map.reveal(family.math.first(number, Math.min(this.map.root.length + 8, family.math.bits)), Math.min(this.map.root.length + 8, family.math.bits));
      this.map.choose(number, family.math.bits);
      this.shown = () => this.details(this.panel.explanation(told, addressText(version, number)));
      this.shown();
      this.say(`${addressText(version, number)}: ${answerText(this.space, told.answer)}`);
      return true;
    }
    if (asked.prefix) {
      const { version, first, length } = asked.prefix;
      this.jump(version, first, length);
      const family = this.space.family[version];
      const found = this.map.within({ first, length });
      const told = { ...this.space.explainRange(family, found.at), number: first };
      this.shown = () => this.details(found.ranges === 1 ? this.panel.explanation(told, text.trim()) : this.panel.cell(family, text.trim(), found.from, found.to, found.ranges));
      this.shown();
      this.say(`${text.trim()}: ${found.ranges === 1 ? answerText(this.space, told.answer) : `${found.ranges} ranges`}`);
      return true;
    }
    return false;
  }

  read(text) {
    let asked = text.trim();
    if (/^[a-z]+:\/\//i.test(asked)) {
      try {
        asked = new URL(asked).hostname;
      } catch {
        return { text: asked };
      }
    }
    const bracketed = /^\[([^\]]+)\](?::[0-9]+)?$/.exec(asked);
    if (bracketed) asked = bracketed[1];
    const bare = /^([^:/]+):[0-9]+$/.exec(asked);
    if (bare) asked = bare[1];
    return { text: asked, address: readAddress(asked), prefix: readPrefix(asked) };
  }

  /** What else a text may mean: names, connectors, comments. */
  suggest(text) {
    const box = this.$("found");
    const asked = this.read(text);
    const wanted = asked.text.toLowerCase();
    if (!wanted || asked.address || asked.prefix) {
      box.hidden = !wanted;
      box.replaceChildren(...(wanted ? [this.suggestion(asked.text, asked.prefix ? "prefix" : "address", () => this.find(asked.text))] : []));
      return;
    }
    const { space } = this;
    const rows = [];
    const add = (...row) => rows.length < FOUND_ROWS && rows.push(this.suggestion(...row));
    if (/^[^\s/]+\.[^\s/]+$/.test(wanted)) add(asked.text, "look the name up", () => this.showName(asked.text));
    space.ways.forEach((way, number) => {
      if (`${way.name} ${way.id}`.toLowerCase().includes(wanted)) add(way.name, OFFRAMPS[way.offramp] || way.kind, () => {
        this.lit = number;
        this.layered();
        this.legend();
      }, this.styles.way(way));
    });
    for (const [hostname, match, way] of space.names)
      if (hostname.includes(wanted)) add(hostname, "hostname route", () => this.showName(match === "one_label" ? `*.${hostname}` : hostname), way < 0 ? null : this.styles.way(space.ways[way]));
    for (const version of [4, 6]) {
      const family = space.family[version];
      const told = new Set(space.texts.flatMap((t, i) => (t && t.toLowerCase().includes(wanted) ? [i] : [])));
      for (let place = 0; told.size && place < family.count && rows.length < FOUND_ROWS; place++)
        for (let item = family.offsets[place]; item < family.offsets[place + 1]; item++)
          if (told.has(family.comments[item])) add(family.text(place), space.texts[family.comments[item]], () => this.find(family.text(place)), family.vias[item] < 0 ? null : this.styles.way(space.ways[family.vias[item]]));
    }
    box.hidden = false;
    box.replaceChildren(...(rows.length ? rows : [make("p", {}, "Nothing found.")]));
  }

  suggestion(text, note, act, style = null) {
    return make("button", { type: "button", onclick: () => {
      this.$("found").hidden = true;
      act();
    } }, style ? swatch(style) : null, make("span", {}, text), make("small", {}, note));
  }

  showName(name) {
    this.shown = () => this.details(this.panel.name(this.space.name(name)));
    this.shown();
    this.$("details").scrollIntoView({ block: "nearest" });
    this.say(this.$("details").textContent);
  }

  // Lists

  lists() {
    const { space } = this;
    const tabs = [];
    if (this.side === "changes") tabs.push(["changes", `Changes (${space.changes.addresses.length + space.changes.names.length})`, () => this.changeList()]);
    tabs.push(["ranges", "Ranges", () => this.rangeList()]);
    if (space.names.length) tabs.push(["names", `Hostname routes (${space.names.length.toLocaleString("en")})`, () => this.nameList()]);
    if (!tabs.some(([key]) => key === this.tab)) this.tab = tabs[0][0];
    const body = make("div", { role: "tabpanel", id: "list" });
    const buttons = tabs.map(([key, title, build]) => make("button", { type: "button", role: "tab", "aria-controls": "list", "data-key": key, onclick: () => pick(key, build) }, title));
    const pick = (key, build) => {
      this.tab = key;
      for (const button of buttons) {
        button.setAttribute("aria-selected", String(button.dataset.key === key));
        button.tabIndex = button.dataset.key === key ? 0 : -1;
      }
      this.ranges = null;
      const pages = build();
      if (key === "ranges") this.ranges = pages;
      body.replaceChildren(pages.element);
    };
    const list = make("div", { role: "tablist", "aria-label": "Lists", onkeydown: (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      const next = by && buttons[(buttons.indexOf(document.activeElement) + by + buttons.length) % buttons.length];
      if (next) {
        next.click();
        next.focus();
      }
    } }, buttons);
    const current = tabs.find(([key]) => key === this.tab);
    pick(current[0], current[2]);
    this.$("lists").replaceChildren(list, body);
  }

  rangeList() {
    const root = this.map.root || { version: 4, first: 0, length: 0 };
    const { space } = this;
    const family = space.family[root.version], math = family.math;
    const from = family.range(root.first), to = family.range(root.first + math.size(root.length) - math.one);
    const fits = (at) => {
      if (this.lit === null || this.side === "changes") return true;
      const [way, refusal] = space.answers[family.answers[family.inner[at]]];
      return this.lit === (way >= 0 ? way : space.refusals[refusal][0]);
    };
    const caption = `Every range of ${prefixText(root.version, root.first, root.length)}, each with one answer by one route. What is chosen in the legend is all that is listed.`;
    return new Pages(caption, [["Addresses"], ["How many", "number"], ["Goes to"], ["By"], ["Comment"]], (begin) => {
      const rows = [];
      let at = Math.max(from, begin);
      for (; at <= to && rows.length < PAGE_ROWS; at++) {
        if (!fits(at)) continue;
        const told = space.explainRange(family, at);
        const won = told.way && told.candidates.find((each) => each.status !== LOST);
        rows.push([
          make("button", { type: "button", class: "link mono", onclick: () => this.find(addressText(family.version, told.first)) }, rangeText(family, told.first, told.last)),
          amount(told.last - told.first + math.one),
          make("span", { class: "row" }, swatch(told.way ? this.styles.way(told.way) : this.styles.refusal(told.refusal[0])), answerText(space, told.answer)),
          make("span", { class: "mono" }, won ? won.destination : ""),
          won ? won.comment : "",
        ]);
      }
      while (at <= to && !fits(at)) at++;
      return { rows, next: at <= to ? at : null };
    });
  }

  nameList() {
    const { space } = this;
    return new Pages("Hostname routes: these decide before any address is looked at.", [["Name"], ["Takes"], ["Goes to"], ["Comment"]], (begin) => ({
      rows: space.names.slice(begin, begin + PAGE_ROWS).map(([hostname, match, way, comment]) => [
        make("span", { class: "mono" }, hostname),
        match.replaceAll("_", " "),
        way < 0 ? tag("route_not_in_force", "bad") : make("span", { class: "row" }, swatch(this.styles.way(space.ways[way])), space.ways[way].name),
        space.texts[comment],
      ]),
      next: begin + PAGE_ROWS < space.names.length ? begin + PAGE_ROWS : null,
    }));
  }

  changeList() {
    const { space } = this;
    const { addresses, names } = space.changes;
    const row = (what, count, values) => {
      const { kind, before, after } = this.changeTexts(values);
      return [what, count, make("span", { class: "row" }, swatch(this.styles.change(kind)), kind.replaceAll("_", " ")), before, after];
    };
    return new Pages("Every range of addresses and every name whose answer changes.", [["Addresses or name"], ["How many", "number"], ["Change"], ["Before"], ["After"]], (begin) => {
      const rows = [];
      for (let at = begin; at < Math.min(begin + PAGE_ROWS, addresses.length + names.length); at++) {
        if (at < addresses.length) {
          const [version, hex, end, ...values] = addresses[at];
          const family = space.family[version];
          const first = family.math.read(hex), last = family.math.read(end);
          rows.push(row(make("button", { type: "button", class: "link mono", onclick: () => this.showChange(version, first, last) }, rangeText(family, first, last)), amount(last - first + family.math.one), values));
        } else {
          const [pattern, ...values] = names[at - addresses.length];
          rows.push(row(make("span", { class: "mono" }, pattern), "", values));
        }
      }
      return { rows, next: begin + PAGE_ROWS < addresses.length + names.length ? begin + PAGE_ROWS : null };
    });
  }

  showChange(version, first, last) {
    const math = FAMILY[version];
    let length = math.bits;
    while (length > 0 && math.first(first, length) !== math.first(last, length)) length--;
    this.jump(version, math.first(first, length), length);
    const told = { ...this.space.explain(version, first), number: first };
    this.shown = () => this.details(this.panel.explanation(told, rangeText(this.space.family[version], first, last)));
    this.shown();
    this.$("map").scrollIntoView({ block: "center", behavior: STILL.matches ? "auto" : "smooth" });
  }

  listen() {
    const query = this.$("query"), found = this.$("found");
    query.addEventListener("input", () => this.suggest(query.value));
    query.addEventListener("focus", () => query.value && this.suggest(query.value));
    this.$("search").addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.find(query.value)) found.hidden = true;
      else {
        this.suggest(query.value);
        found.querySelector("button")?.click();
      }
    });
    this.$("search").addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (event.key === "Escape") {
        found.hidden = true;
        query.value = "";
        this.map.element.focus();
      } else if (step && !found.hidden) {
        event.preventDefault();
        const all = [query, ...found.querySelectorAll("button")];
        all[Math.max(0, Math.min(all.length - 1, all.indexOf(document.activeElement) + step))].focus();
      }
    });
    document.addEventListener("pointerdown", (event) => {
      if (!this.$("search").contains(event.target)) found.hidden = true;
    });
    document.addEventListener("keydown", (event) => {
      if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName)) {
        event.preventDefault();
        query.focus();
        query.select();
      }
    });
    this.$("in").addEventListener("click", () => this.map.zoom(2));
    this.$("out").addEventListener("click", () => this.map.zoom(0.5));
    this.$("whole").addEventListener("click", () => this.map.open(this.map.root));
    this.$("theme").addEventListener("click", () => {
      const dark = document.documentElement.dataset.theme === "dark";
      document.documentElement.dataset.choice = dark ? "light" : "dark";
      this.recolour();
    });
    this.dark.addEventListener("change", () => this.recolour());
  }
}

const app = new App(JSON.parse(document.getElementById("about").textContent));
const ready = app.start().catch((error) => {
  document.getElementById("busy").textContent = `This browser cannot show the map: ${error.message}`;
  throw error;
});
