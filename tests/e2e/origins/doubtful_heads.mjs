// Heads that two parsers can read in two ways: what one takes for the body (or for nothing) is the other's next request.
import {chunk, chunked, end, get, head, hex, hidden, length, post, websocket} from './bytes.mjs';

// The body ends at once for who reads chunks; for who reads the length, the hidden request is part of it.
const endsEarly = (lines) => (p) => {
  const body = `${end}${hidden(p)}`;
  return post(p, ...lines(body.length)) + body;
};
// The body is a chunk for who reads chunks; for who reads the length, it is the chunk's first line alone.
const endsLate = (lines) => (p) => {
  const line = `${hex(hidden(p))}\r\n`;
  return `${post(p, ...lines(line.length))}${line}${hidden(p)}\r\n${end}`;
};
// A body of the length that the lines announce, in their way.
const fixed = (...lines) => (p) => post(p, ...lines.map((line) => line.replace('N', hidden(p).length))) + hidden(p);
// A field in front of a body that is chunked for who ignores or repairs the oddity.
const oddly = (...lines) => endsEarly((n) => [...lines.map((line) => line.replace('N', n))]);

// Refused by the head: not one byte goes on.
export const refused = {
  'Content-Length before Transfer-Encoding': endsEarly((n) => [`Content-Length: ${n}`, chunked]),
  'Transfer-Encoding before Content-Length': endsEarly((n) => [chunked, `Content-Length: ${n}`]),
  'a short Content-Length before Transfer-Encoding': endsLate((n) => [`Content-Length: ${n}`, chunked]),
  'Transfer-Encoding before a short Content-Length': endsLate((n) => [chunked, `Content-Length: ${n}`]),
  'Content-Length: 0 with Transfer-Encoding': endsLate(() => ['Content-Length: 0', chunked]),
  'identity': oddly('Transfer-Encoding: identity', 'Content-Length: N'),
  'xchunked': oddly('Transfer-Encoding: xchunked', 'Content-Length: N'),
  'an empty Transfer-Encoding': oddly('Transfer-Encoding:', 'Content-Length: N'),
  'chunked twice in a list': oddly('Transfer-Encoding: chunked, chunked', 'Content-Length: N'),
  'chunked, identity': endsLate(() => ['Transfer-Encoding: chunked, identity']),
  'identity, chunked': endsLate(() => ['Transfer-Encoding: identity, chunked']),
  'chunked, cow': endsLate(() => ['Transfer-Encoding: chunked, cow']),
  'a comma before chunked': oddly('Transfer-Encoding: ,chunked', 'Content-Length: N'),
  'a comma after chunked': endsLate(() => ['Transfer-Encoding: chunked,']),
  'quoted chunked': oddly('Transfer-Encoding: "chunked"', 'Content-Length: N'),
  '\\x0bchunked': oddly('Transfer-Encoding: \x0bchunked', 'Content-Length: N'),
  'chunked\\x0c': oddly('Transfer-Encoding: chunked\x0c', 'Content-Length: N'),
  '\\xa0chunked': oddly('Transfer-Encoding: \xa0chunked', 'Content-Length: N'),
  'chunked\\0': oddly('Transfer-Encoding: chunked\0', 'Content-Length: N'),
  'chunked;p=1': endsLate(() => ['Transfer-Encoding: chunked;p=1']),
  'gzip, chunked': endsLate(() => ['Transfer-Encoding: gzip, chunked']),
  'Transfer-Encoding twice': endsLate(() => [chunked, chunked]),
  'chunked, then identity in a second field': endsLate(() => [chunked, 'Transfer-Encoding: identity']),
  'cow, then chunked in a second field': endsLate(() => ['Transfer-Encoding: cow', chunked]),
  'Transfer-Encoding in HTTP/1.0': (p) => head(`POST /open/${p} HTTP/1.0`, chunked, 'Connection: keep-alive') + end + hidden(p),
  'a space before the colon of Transfer-Encoding': oddly('Transfer-Encoding : chunked', 'Content-Length: N'),
  'a tab before the colon of Transfer-Encoding': oddly('Transfer-Encoding\t: chunked', 'Content-Length: N'),
  'a space before the colon of Content-Length': fixed('Content-Length : N'),
  'a space before Transfer-Encoding': oddly('X: y', ' Transfer-Encoding: chunked', 'Content-Length: N'),
  'a space within Transfer-Encoding': oddly('Transfer Encoding: chunked', 'Content-Length: N'),
  'Transfer_Encoding': oddly('Transfer_Encoding: chunked', 'Content-Length: N'),
  'Content_Length': fixed('Content_Length: N'),
  'Content_Length beside Content-Length: 0': fixed('Content_Length: N', 'Content-Length: 0'),
  'a folded Transfer-Encoding': oddly('Transfer-Encoding:\r\n chunked', 'Content-Length: N'),
  'a folded Content-Length': fixed('Content-Length:\r\n N'),
  'a Transfer-Encoding in a folded line': oddly('X: y\r\n Transfer-Encoding: chunked', 'Content-Length: N'),
  'a folded first line': (p) => `GET /open/${p} HTTP/1.1\r\n Host: b\r\nHost: a\r\n\r\n${hidden(p)}`,
  'a bare LF before Transfer-Encoding': oddly('X: y\nTransfer-Encoding: chunked', 'Content-Length: N'),
  'a bare CR before Transfer-Encoding': oddly('X: y\rTransfer-Encoding: chunked', 'Content-Length: N'),
  'a bare LF before Content-Length': fixed('X: y\nContent-Length: N'),
  'a bare LF that ends the head': (p) => `GET /open/${p} HTTP/1.1\r\nHost: a\nX: y\n\n${hidden(p)}`,
  'two bare LF in a value': (p) => get(`/open/${p}`, `X: y\n\n${hidden(p)}`),
  'CR LF CR X': (p) => `GET /open/${p} HTTP/1.1\r\nHost: a\r\n\r${hidden(p)}`,
  'CR CR LF': (p) => get(`/open/${p}`, 'X: y\r') + hidden(p),
  'NUL before a field': oddly('\0Transfer-Encoding: chunked', 'Content-Length: N'),
  'a field without a colon': oddly('Transfer-Encoding chunked', 'Content-Length: N'),
  'an empty field name': oddly(': chunked', 'Content-Length: N'),
  'Content-Length twice': fixed('Content-Length: 0', 'Content-Length: N'),
  'the same Content-Length twice': fixed('Content-Length: N', 'Content-Length: N'),
  'a list as Content-Length': fixed('Content-Length: 0, N'),
  'Content-Length +N': fixed('Content-Length: +N'),
  'Content-Length -N': fixed('Content-Length: -N'),
  'Content-Length 0xN': fixed('Content-Length: 0xN'),
  'Content-Length N.0': fixed('Content-Length: N.0'),
  'Content-Length N;': fixed('Content-Length: N;'),
  'Content-Length N\\x0b': fixed('Content-Length: N\x0b'),
  'Content-Length "N"': fixed('Content-Length: "N"'),
  'Content-Length N N': fixed('Content-Length: N N'),
  'an empty Content-Length': fixed('Content-Length:'),
  'Content-Length 2^64': fixed('Content-Length: 18446744073709551616'),
  'Content-Length 2^64 + N': (p) => post(p, `Content-Length: ${2n ** 64n + BigInt(hidden(p).length)}`) + hidden(p),
  'Connection that names Transfer-Encoding': endsLate(() => [chunked, 'Connection: Transfer-Encoding']),
  'Connection that names Content-Length': fixed('Content-Length: N', 'Connection: close, Content-Length'),
  'Connection that names Host': (p) => get(`/open/${p}`, 'Connection: host'),
  'Connection that names Authorization': (p) => get(`/open/${p}`, 'Connection: Authorization'),
  'HTTP/0.9': (p) => `GET /open/${p}\r\n\r\n${hidden(p)}`,
  'HTTP/1.2': (p) => `GET /open/${p} HTTP/1.2\r\nHost: a\r\n\r\n${hidden(p)}`,
  'HTTP/2.0': (p) => `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${hidden(p)}`,
  'http/1.1': (p) => `GET /open/${p} http/1.1\r\nHost: a\r\n\r\n${hidden(p)}`,
  'two targets': (p) => `GET /open/${p} /smuggled-${p} HTTP/1.1\r\nHost: a\r\n\r\n`,
  'two versions': (p) => `GET /open/${p} HTTP/1.1 /smuggled-${p} HTTP/1.1\r\nHost: a\r\n\r\n`,
  'a tab before the target': (p) => `GET\t/smuggled-${p}\t/open/${p} HTTP/1.1\r\nHost: a\r\n\r\n`,
  'a bare LF after the request line': (p) => `GET /open/${p} HTTP/1.1\nHost: a\r\n\r\n${hidden(p)}`,
  'no Host': (p) => `GET /open/${p} HTTP/1.1\r\n\r\n${hidden(p)}`,
  'two Hosts': (p) => get(`/open/${p}`, 'Host: b'),
  'a Host with a path': (p) => `GET /open/${p} HTTP/1.1\r\nHost: a/smuggled-${p}?\r\n\r\n`,
  'a Host with user information': (p) => `GET /open/${p} HTTP/1.1\r\nHost: b@a\r\n\r\n`,
  'an absolute-form target of another Host': (p) => get(`http://b/open/${p}`),
  'an absolute-form target of another scheme': (p) => get(`file://a/open/${p}`),
  'an authority without a scheme': (p) => get(`a/open/${p}`),
  'the asterisk form': (p) => head('GET * HTTP/1.1', `X-Original-URL: /smuggled-${p}`),
  'an encoded slash': (p) => get(`/open/..%2fsmuggled-${p}`),
  'an encoded backslash': (p) => get(`/open/..%5csmuggled-${p}`),
  'a backslash': (p) => get(`/open/..\\smuggled-${p}`),
  'a parameter behind two dots': (p) => get(`/open/..;/smuggled-${p}`),
  'an encoded parameter behind two dots': (p) => get(`/open/..%3b/smuggled-${p}`),
  'two dots as a parameter': (p) => get(`/open/smuggled-${p};..`),
  'a way above the root': (p) => get(`/open/../../smuggled-${p}`),
  'overlong UTF-8 dots': (p) => get(`/open/%c0%ae%c0%ae/smuggled-${p}`),
  'an encoded NUL': (p) => get(`/open/%00/../smuggled-${p}`),
  'encoded CR LF': (p) => get(`/open/${p}%0d%0aX-User-Id:%20mallory`),
  'a fragment': (p) => get(`/open/${p}#/../../smuggled-${p}`),
  'a raw byte 0x80': (p) => get(`/open/${p}\x80`),
  'a broken escape': (p) => get(`/open/${p}%2`),
  'TRACE with a hidden body': (p) => head(`TRACE /open/${p} HTTP/1.1`, length(hidden(p))) + hidden(p),
  'TRACE with a hidden chunk': (p) => head(`TRACE /open/${p} HTTP/1.1`, chunked) + chunk(hidden(p)) + end,
  'CONNECT': (p) => head('CONNECT a:443 HTTP/1.1', length(hidden(p))) + hidden(p),
  'another Expect': (p) => post(p, 'Expect: miracles', length(hidden(p))) + hidden(p),
};

// Refused by the policy: the body is never taken for a request, by the gateway neither.
export const denied = {
  'a request without a token and a hidden body': (p) => head(`POST /orders/${p} HTTP/1.1`, length(hidden(p))) + hidden(p),
  'a request without a token and a hidden chunk': (p) => head(`POST /orders/${p} HTTP/1.1`, chunked) +
    chunk(hidden(p)) + end,
  'an expectation without a token': (p) => head(`POST /orders/${p} HTTP/1.1`, 'Expect: 100-continue', length(hidden(p))) +
    hidden(p),
  'a GET without a token and a hidden body': (p) => get(`/orders/${p}`, length(hidden(p))) + hidden(p),
  'a way to /orders': (p) => get(`/open/../orders/${p}`, length(hidden(p))) + hidden(p),
  'an encoded way to /admin': (p) => get(`/open/%2e%2e/%61dmin/${p}`),
  'a doubled slash before /admin': (p) => get(`//admin/${p}`),
  'a parameter in /admin': (p) => get(`/admin;/open/${p}`),
  'another case of /open': (p) => get(`/OPEN/${p}`),
  'an upgrade without a token': (p) => get(`/orders/${p}`, ...websocket, length(hidden(p))) + hidden(p),
};
