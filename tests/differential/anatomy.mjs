// A token taken apart leniently: what the predicates over differences look at. It judges nothing.
import {readJson} from './json_traits.mjs';

const byteOrderMark = '\ufeff';
const strictUtf8 = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true});
const lenientUtf8 = new TextDecoder('utf-8', {ignoreBOM: true});

function isUtf8(bytes) {
  try {
    strictUtf8.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function takeApart(part) {
  const bytes = Buffer.from(part, 'base64url');
  const text = lenientUtf8.decode(bytes);
  const hasMark = text.startsWith(byteOrderMark);
  return {bytes, isUtf8: isUtf8(bytes), hasMark, ...readJson(hasMark ? text.slice(1) : text)};
}

export class Anatomy {
  constructor(token) {
    this.token = token;
    this.parts = token.split('.');
    // Of a token without three parts the missing ones are empty.
    const [header = '', payload = ''] = this.parts;
    this.header = takeApart(header);
    this.payload = takeApart(payload);
    this.signature = Buffer.from(this.parts[2] ?? '', 'base64url');
  }

  get hasThreeParts() { return this.parts.length === 3; }
  get alg() { return this.header.members.get('alg'); }
  get kid() { return this.header.members.get('kid'); }
  claim(name) { return this.payload.members.get(name); }
  hasClaim(name) { return this.payload.members.has(name); }
  hasHeader(name) { return this.header.members.has(name); }
}
