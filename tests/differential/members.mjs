// A JSON object as the text of its names and values, so that a mutation can write what no serialiser would.
export class Members {
  constructor(pairs) { this.pairs = pairs; }

  static of(object) {
    return new Members(Object.entries(object).map(([name, value]) => [JSON.stringify(name), JSON.stringify(value)]));
  }

  // The value's text under a plain name; in place when it is there already.
  set(name, text) {
    const known = this.pairs.find(([quoted]) => quoted === JSON.stringify(name));
    if (known) known[1] = text;
    else this.add(JSON.stringify(name), text);
    return this;
  }

  // One more member, whatever is there; `at` is its place.
  add(quoted, text, at = this.pairs.length) {
    this.pairs.splice(at, 0, [quoted, text]);
    return this;
  }

  remove(name) {
    this.pairs = this.pairs.filter(([quoted]) => quoted !== JSON.stringify(name));
    return this;
  }

  copy() { return new Members(this.pairs.map((pair) => [...pair])); }
  toString() { return `{${this.pairs.map(([name, value]) => `${name}:${value}`).join(',')}}`; }
}
