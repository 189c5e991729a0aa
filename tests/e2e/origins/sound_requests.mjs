// Requests that are sound and go on, with whatever an origin could read in another way. Each is {bytes(p, token)} with
// `requests`: how many the gateway forwards (1), `answers`: how many responses come (1), `to`: the method of the first.
import {chunk, chunked, end, get, head, hex, hidden, length, post, websocket} from './bytes.mjs';

const sent = (bytes, more = {}) => ({bytes, ...more});
const inChunks = (body) => sent((p) => post(p, chunked) + body(hidden(p), p));
const method = (name, more = {}) => ({
  [`${name} with a hidden body`]: sent((p) => head(`${name} /open/${p} HTTP/1.1`, length(hidden(p))) + hidden(p), more),
  [`${name} with a hidden chunk`]: sent((p) => head(`${name} /open/${p} HTTP/1.1`, chunked) + chunk(hidden(p)) + end, more),
});
// Two requests of which the gateway judges the second, too, and denies it.
const behind = (bytes) => sent((p, token) => bytes(p, token) + hidden(p), {answers: 2});
const oneByOne = (text) => [...text].map((byte) => chunk(byte)).join('');

const bodies = {
  'a hidden body': sent((p) => post(p, length(hidden(p))) + hidden(p)),
  'a Content-Length with leading zeros': sent((p) => post(p, `Content-Length: 000${hidden(p).length}`) + hidden(p)),
  'a Content-Length between blanks': sent((p) => post(p, `Content-Length:\t ${hidden(p).length} \t`) + hidden(p)),
  'a hidden chunk': inChunks((text) => chunk(text) + end),
  'Chunked between blanks': sent((p) => post(p, 'Transfer-Encoding:\t Chunked \t') + chunk(hidden(p)) + end),
  'hidden one byte at a time': inChunks((text) => oneByOne(text) + end),
  'a chunk size with leading zeros': inChunks((text) => chunk(text, hex(text).padStart(16, '0')) + end),
  'a chunk size in capitals': inChunks((text) => chunk(text.padEnd(0xab), 'AB') + end),
  'a last chunk of many zeros': inChunks((text) => `${chunk(text)}0000000000\r\n\r\n`),
  'a chunk that holds a last chunk': inChunks((text) => chunk(`\r\n${end}${text}`) + end),
  'a chunk extension': inChunks((text) => chunk(text, `${hex(text)};name="v;\\"w"`) + end),
  'a request in a chunk extension': inChunks((text, p) => chunk(text, `${hex(text)};GET /smuggled-${p} HTTP/1.1`) + end),
  'an extension of the last chunk': inChunks((text) => `${chunk(text)}0;a=b\r\n\r\n`),
  'trailers that frame and name': inChunks((text, p) => `${chunk(text)}0\r\nContent-Length: 0\r\n` +
    `Transfer-Encoding: chunked\r\nHost: b\r\nX-User-Id: mallory\r\nX-Original-URL: /smuggled-${p}\r\n\r\n`),
  'an expectation': sent((p) => post(p, 'Expect: 100-continue', length(hidden(p))) + hidden(p)),
  'an expectation and chunks': sent((p) => post(p, 'Expect: 100-continue', chunked) + chunk(hidden(p)) + end),
  'an expectation without a body': sent((p) => post(p, 'Expect: 100-continue', 'Content-Length: 0')),
  'a hidden body ten thousand times': sent((p) => {
    const body = hidden(p).repeat(10_000);
    return post(p, length(body)) + body;
  }),
  'chunks ten thousand times': inChunks((text) => chunk(text).repeat(10_000) + end),
  ...method('GET'),
  ...method('HEAD', {to: 'HEAD'}),
  ...method('PUT'),
  ...method('PATCH'),
  ...method('DELETE'),
  ...method('OPTIONS'),
  ...method('PROPFIND'),
};

const connections = {
  'HTTP/1.0 with a hidden body': sent((p) => head(`POST /open/${p} HTTP/1.0`, length(hidden(p))) + hidden(p)),
  'HTTP/1.0 that is kept alive': sent((p) => head(`POST /open/${p} HTTP/1.0`, 'Connection: keep-alive', length(hidden(p))) +
    hidden(p)),
  'HTTP/1.0 without Host': sent((p) => `GET /open/${p} HTTP/1.0\r\n\r\n`),
  'an upgrade with a hidden body': sent((p) => post(p, ...websocket, length(hidden(p))) + hidden(p)),
  'an upgrade with a hidden chunk': sent((p) => post(p, ...websocket, chunked) + chunk(hidden(p)) + end),
  'an upgrade that is not taken, and a request behind it': behind((p) => get(`/open/${p}`, ...websocket)),
  'an upgrade to h2c, and a request behind it': behind((p) => get(`/open/${p}`, 'Connection: Upgrade, HTTP2-Settings',
    'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__')),
  'an upgrade to TLS, and a request behind it': behind((p) => get(`/open/${p}`, 'Connection: Upgrade', 'Upgrade: TLS/1.0')),
  'a request behind a GET': behind((p) => get(`/open/${p}`)),
  'a request behind Content-Length: 0': behind((p) => post(p, 'Content-Length: 0')),
  'a request behind a body': behind((p) => post(p, 'Content-Length: 2') + 'ok'),
  'a request behind the last chunk': behind((p) => post(p, chunked) + chunk('ok') + end),
  'a request behind a POST without a length': behind((p) => post(p)),
  'three requests at once': sent((p) => get(`/open/${p}`) + get(`/open/${p}?2`) + post(p, length(hidden(p))) + hidden(p),
    {requests: 3, answers: 3}),
  'an empty line before a request': sent((p) => `\r\n${get(`/open/${p}`)}`),
  'hop-by-hop fields': sent((p) => get(`/open/${p}`, 'Connection: X-Hop, keep-alive', `X-Hop: /smuggled-${p}`,
    'TE: trailers, gzip', 'Trailer: X-User-Id', 'Keep-Alive: timeout=0, max=0', 'Proxy-Connection: close',
    `Proxy-Authorization: smuggled-${p}`)),
};

const targets = {
  'doubled slashes': sent((p) => get(`//open//${p}`)),
  'dot segments': sent((p) => get(`/./open/x/../${p}/.`)),
  'encoded dot segments': sent((p) => get(`/open/x/%2e%2E/${p}`)),
  'encoded letters': sent((p) => get(`/%6f%70en/%7e${p}`)),
  'double encoding': sent((p) => get(`/open/%252e%252e/${p}`)),
  'a way through /admin': sent((p) => get(`/admin/../open/${p}`)),
  'parameters': sent((p) => get(`/open/${p};a=b/;c/x;`)),
  'encoded bytes that frame': sent((p) => get(`/open/${p}%20HTTP/1.1%3F%23`)),
  'a query that looks like a path': sent((p) => get(`/open/${p}?/../../admin//%2e%2e/;?%0d%0a`)),
  'an absolute-form target': sent((p) => get(`http://a/open/${p}`)),
  'an absolute-form target with a port and capitals': sent((p) => get(`HTTP://A:80/open//${p}?q`)),
  'an absolute-form target with dot segments': sent((p) => get(`https://a/admin/../open/${p}`)),
};

// CGI makes the same variable of all of them.
const spellings = [
  'X-User-Id', 'x-user-id', 'X_User_Id', 'X-User_Id', 'x_USER-id', 'X.User.Id', 'X~User~Id', "X'User-Id", 'X-User.Id',
];
const fillers = Array.from({length: 80}, (_, i) => `X-Filler-${i}: ${i}`);
const asAlice = (token) => `Authorization: Bearer ${token}`;

const identities = {
  ...Object.fromEntries(spellings.flatMap((name) => [
    [`${name} on a public route`, sent((p) => get(`/open/${p}`, `${name}: mallory`))],
    [`${name} beside a token`, sent((p, token) => get(`/orders/${p}`, `${name}: mallory`, asAlice(token),
      `${name}: mallory`))],
  ])),
  'X_User_Id behind eighty fields': sent((p) => get(`/open/${p}`, ...fillers, 'X_User_Id: mallory')),
  'Connection that names X-User-Id': sent((p, token) => get(`/orders/${p}`, 'Connection: X-User-Id', 'X-User-Id: mallory',
    asAlice(token))),
  'X-User-Id in a trailer': sent((p, token) => head(`POST /orders/${p} HTTP/1.1`, chunked, 'Trailer: X-User-Id',
    asAlice(token)) + `${chunk('x')}0\r\nX-User-Id: mallory\r\n\r\n`),
  'fields that rewrite the request': sent((p) => get(`/open/${p}`, `X-Original-URL: /smuggled-${p}`,
    `X_Original_URL: /smuggled-${p}`, `X-Rewrite-URL: /smuggled-${p}`, `X-Forwarded-Prefix: /smuggled-${p}`,
    `X-Forwarded-Host: smuggled-${p}`, `Forwarded: host=smuggled-${p}`, 'X-HTTP-Method-Override: DELETE',
    'X-HTTP-Method: DELETE', 'X-Method-Override: DELETE', `Proxy: http://smuggled-${p}`)),
};

export const sound = {...bodies, ...connections, ...targets, ...identities};
