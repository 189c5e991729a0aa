// Random choices that a seed repeats: the same words give the same keys, tokens and mutations.
import {createHash} from 'node:crypto';

// `length` bytes that only these words decide.
export const bytesOf = (length, ...words) => createHash('shake256', {outputLength: length}).update(JSON.stringify(words)).digest();

// The generator sfc32, begun by words.
export class Random {
  #state;

  constructor(...words) {
    const bytes = bytesOf(16, ...words);
    this.#state = new Uint32Array([0, 4, 8, 12].map((offset) => bytes.readUInt32LE(offset)));
  }

  next() {
    const s = this.#state;
    const sum = (s[0] + s[1] + s[3]) >>> 0;
    s[3] += 1;
    s[0] = s[1] ^ (s[1] >>> 9);
    s[1] = s[2] + (s[2] << 3);
    s[2] = ((s[2] << 21) | (s[2] >>> 11)) + sum;
    return sum;
  }

  // A whole number from 0 to `limit` - 1.
  below(limit) { return Math.floor(this.next() / 2 ** 32 * limit); }
  between(first, last) { return first + this.below(last - first + 1); }
  chance(probability) { return this.next() / 2 ** 32 < probability; }
  pick(list) { return list[this.below(list.length)]; }
  bytes(length) { return Buffer.from(Array.from({length}, () => this.below(256))); }
}
