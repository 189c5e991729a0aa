// A JSON reader of the tests' own that names what other readers pass over: a name twice, lone surrogates, numbers that
// no double holds. It takes the grammar of RFC 8259 and, named as a
// trait, the constants that Python reads.

const space = /[ \t\n\r]*/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const string = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const literals = {true: true, false: false, null: null};
const constants = {'NaN': NaN, 'Infinity': Infinity, '-Infinity': -Infinity};

const isWellFormed = (text) => !/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text);

class Reader {
  traits = {
    duplicates: false, loneSurrogates: false, constants: false, hugeNumbers: false, hugeExponents: false, vanishingNumbers: false, depth: 0,
  };

  constructor(text) {
    this.text = text;
    this.place = 0;
    this.open = [];
  }

  match(pattern) {
    pattern.lastIndex = this.place;
    const [found] = pattern.exec(this.text) ?? [];
    if (found !== undefined) this.place += found.length;
    return found;
  }

  // Whether that comes next; if so it is passed.
  take(word) {
    const comes = this.text.startsWith(word, this.place);
    if (comes) this.place += word.length;
    return comes;
  }

  readText() {
    const quoted = this.match(string);
    if (quoted === undefined) throw new SyntaxError(`no string at ${this.place}`);
    const text = JSON.parse(quoted);
    if (!isWellFormed(text)) this.traits.loneSurrogates = true;
    return text;
  }

  readScalar() {
    for (const [word, value] of Object.entries(literals)) if (this.take(word)) return value;
    for (const [word, value] of Object.entries(constants)) {
      if (!this.take(word)) continue;
      this.traits.constants = true;
      return value;
    }
    const digits = this.match(number);
    if (digits === undefined) throw new SyntaxError(`no value at ${this.place}`);
    const value = Number(digits);
    if (!Number.isFinite(value)) this.traits.hugeNumbers = true;
    else if (/[eE]\+?\d/.test(digits) && Number(digits.split(/[eE]/)[1]) > 308) this.traits.hugeExponents = true;
    if (value === 0 && /^-?[0.]*[1-9]/.test(digits)) this.traits.vanishingNumbers = true;
    return value;
  }

  // Begins an object (a map) or an array; the innermost open one is the last of `open`.
  begin(first) {
    ++this.place;
    this.open.push(first === '{' ? {value: new Map(), close: '}'} : {value: [], close: ']'});
    this.traits.depth = Math.max(this.traits.depth, this.open.length);
    this.match(space);
  }

  // The name of the object's next member; an array needs none.
  readName(container) {
    if (container.close === ']') return;
    this.match(space);
    container.name = this.readText();
    this.match(space);
    if (!this.take(':')) throw new SyntaxError(`no colon at ${this.place}`);
    if (container.value.has(container.name)) this.traits.duplicates = true;
  }

  // Puts a finished value where it belongs, and ends what ends behind it. Returns the root once that is finished, else undefined.
  finish(value) {
    for (let done = value; ; done = this.open.pop().value) {
      const container = this.open.at(-1);
      if (!container) return {root: done};
      if (container.close === ']') container.value.push(done);
      else container.value.set(container.name, done);
      this.match(space);
      if (this.take(',')) return void this.readName(container);
      if (!this.take(container.close)) throw new SyntaxError(`no ${container.close} at ${this.place}`);
    }
  }

  // Without recursion: how deep that goes would depend on the machine's stack and on what is compiled by then.
  readDocument() {
    for (;;) {
      this.match(space);
      const first = this.text[this.place];
      let value;
      if (first === '{' || first === '[') {
        this.begin(first);
        const container = this.open.at(-1);
        if (!this.take(container.close)) {
          this.readName(container);
          continue;
        }
        value = this.open.pop().value;
      } else {
        value = first === '"' ? this.readText() : this.readScalar();
      }
      const finished = this.finish(value);
      if (!finished) continue;
      this.match(space);
      if (this.place !== this.text.length) throw new SyntaxError(`more at ${this.place}`);
      return finished.root;
    }
  }
}

// {value, ...traits}; value is undefined when it is no JSON, and `members` a map when it is an object.
export function readJson(text) {
  const reader = new Reader(text);
  try {
    const value = reader.readDocument();
    return {value, members: value instanceof Map ? value : new Map(), ...reader.traits};
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return {value: undefined, members: new Map(), ...reader.traits};
  }
}
