// HTTP/1.1 messages out of received bytes: strict enough to notice a wrong one, and independent of the gateway's parser.

class Message {
  constructor(startLine, fields, version) {
    Object.assign(this, {startLine, fields, version, body: Buffer.alloc(0), trailers: []});
  }

  // All values of a field, in their order.
  all(name) { return this.fields.filter(([field]) => field.toLowerCase() === name.toLowerCase()).map(([, value]) => value); }
  get(name) { return this.all(name)[0]; }
  get text() { return this.body.toString('latin1'); }
  get json() { return JSON.parse(this.body.toString('utf8')); }
  get status() { return Number(this.startLine.split(' ')[1]); }
  get method() { return this.startLine.split(' ')[0]; }
  get target() { return this.startLine.split(' ')[1]; }
}

function parseFields(lines) {
  return lines.filter(Boolean).map((line) => {
    const colon = line.indexOf(':');
    if (colon < 1) throw new Error(`not a field: ${JSON.stringify(line)}`);
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
}

// {body, trailers, size} once the last chunk is there, else undefined; `size` counts from `from`.
function parseChunks(bytes, from) {
  const chunks = [];
  for (let at = from; ;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    if (Number.isNaN(size)) throw new Error(`not a chunk size: ${JSON.stringify(bytes.toString('latin1', at, lineEnd))}`);
    at = lineEnd + 2;
    if (size === 0) {
      const end = bytes.toString('latin1', at).startsWith('\r\n') ? at : bytes.indexOf('\r\n\r\n', at);
      if (end < 0 || bytes.length < at + 2) return undefined;
      const trailers = end === at ? [] : parseFields(bytes.toString('latin1', at, end).split('\r\n'));
      return {body: Buffer.concat(chunks), trailers, size: (end === at ? at + 2 : end + 4) - from};
    }
    if (bytes.length < at + size + 2) return undefined;
    if (bytes.toString('latin1', at + size, at + size + 2) !== '\r\n') throw new Error('a chunk without CRLF');
    chunks.push(bytes.subarray(at, at + size));
    at += size + 2;
  }
}

function hasBody(message, kind, to) {
  if (kind === 'request') return true;
  return to !== 'HEAD' && message.status >= 200 && message.status !== 204 && message.status !== 304;
}

// The first message of `bytes` with its `size`, or undefined while it is not whole. `to`: the method that a response
// answers; `over`: no more bytes will come, which ends a response without a length.
export function parseMessage(bytes, {kind, to, over = false}) {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const [startLine, ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n');
  const version = (kind === 'request' ? startLine.split(' ').at(-1) : startLine.split(' ')[0]);
  if (!/^HTTP\/1\.[01]$/.test(version)) throw new Error(`not an HTTP/1 ${kind}: ${JSON.stringify(startLine)}`);
  const message = new Message(startLine, parseFields(lines), version);
  message.headBytes = bytes.subarray(0, headEnd + 4);
  const start = headEnd + 4;
  message.size = start;
  if (!hasBody(message, kind, to)) return message;
  if (message.get('transfer-encoding')) {
    const chunked = parseChunks(bytes, start);
    return chunked && Object.assign(message, chunked, {size: start + chunked.size});
  }
  const length = message.get('content-length');
  if (length !== undefined) {
    const end = start + Number(length);
    return bytes.length < end ? undefined : Object.assign(message, {body: bytes.subarray(start, end), size: end});
  }
  if (kind === 'request') return message;
  return over ? Object.assign(message, {body: bytes.subarray(start), size: bytes.length}) : undefined;
}
