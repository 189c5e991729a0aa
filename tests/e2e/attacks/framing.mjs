// Rows 76 to 100: where a message ends, and who may say so; heads that are none, and upstreams that are attackers.
import assert from 'node:assert/strict';

import {connect} from '../harness/raw_client.mjs';
import {assertErrorReply} from '../harness/refusals.mjs';
import {chunks, request} from '../harness/requests.mjs';
import {startStandard} from '../harness/standard.mjs';
import {eventually, sanitized} from '../harness/waiting.mjs';
import {startWorld} from './world.mjs';

export const title = 'framing';

export const start = (scope) => startWorld(scope);

const smuggled = 'GET /open/smuggled HTTP/1.1\r\nHost: a\r\n\r\n';
const head = (start, lines) => `${start}\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
const get = (lines = ['Host: a'], version = 'HTTP/1.1') => head(`GET /open ${version}`, lines);
// A body that ends, as chunks and as five bytes, before a request that nobody sent.
const post = (lines, version = 'HTTP/1.1') => `${head(`POST /open ${version}`, ['Host: a', ...lines])}0\r\n\r\n${smuggled}`;

const refused = (row, what, bytes, more) => ({row, what, send: () => bytes, status: 400, reason: 'request_malformed', ...more});
const codings = (row, values, more = []) => values.map((value) => {
  const what = `Transfer-Encoding: ${JSON.stringify(value)}${more.length ? ` and ${more}` : ''}`;
  return refused(row, what, post([`Transfer-Encoding: ${value}`, ...more]));
});
const lengths = (row, values) => values.map((value) => (
  refused(row, `Content-Length: ${JSON.stringify(value)}`, post([`Content-Length: ${value}`]))));
const notImplemented = {status: 501, reason: 'encoding_not_implemented'};

// The head is fine and goes on; the fault is in the body.
const badBody = (row, what, body) => ({
  row, what, send: () => head('POST /open HTTP/1.1', ['Host: a', 'Transfer-Encoding: chunked']) + (typeof body === 'function' ? body() : body),
  status: 400, reason: 'request_malformed', begun: true,
});
const badSize = (row, size) => badBody(row, `chunk size ${JSON.stringify(size)}`, `${size}\r\nhello\r\n0\r\n\r\n${smuggled}`);

const tooLarge = {status: 431, reason: 'header_too_large'};
const fields = (count) => Array.from({length: count - 1}, (_, i) => `X-${i}: 1`); // and Host
const ofSize = (bytes) => request('GET', '/open', {'X-Pad': 'p'.repeat(bytes - request('GET', '/open', {'X-Pad': ''}).length)});

// A field a byte a second, from the head's first byte on, to a gateway of its own: its log line comes when it comes.
async function slowHead(scope) {
  const {gateway, upstream} = await startStandard(scope);
  const client = await connect(scope, gateway.port);
  const begin = performance.now();
  client.send('GET /open HTTP/1.1\r\nHost: a\r\nX: ');
  const trickle = setInterval(() => client.send('x'), 1000);
  scope.onClose(() => clearInterval(trickle));
  const response = await eventually('a reply', () => client.received.length > 0 && client.response(), 60_000);
  const seconds = (performance.now() - begin) / 1000;
  clearInterval(trickle);
  assertErrorReply(response, {status: 408, reason: 'request_timeout'});
  assert.ok(seconds > 1 && seconds < (sanitized ? 20 : 11), `after ${seconds} s`);
  await client.ended();
  assert.equal(client.text, '');
  assert.equal(upstream.bytes, '');
  const line = await eventually('its log line', () => gateway.lines[0]);
  assert.deepEqual([line.status, line.reason], [408, 'request_timeout']);
  assert.equal(await gateway.metric('postern_http_requests_total', {code: 408}), 1);
}

const ok = 'HTTP/1.1 200 OK\r\n';
const answerWithOptions = (count) => (
  `${ok}Connection: ${Array.from({length: count}, (_, i) => `x-${i}`).join(', ')}\r\nContent-Length: 2\r\n\r\nok`);
const badUpstream = (what, answer) => ({
  row: 100, what: `an upstream's ${what}`, send: () => get(), answer: () => answer, status: 502, reason: 'upstream_malformed',
});

export const attacks = [
  // First, since it takes its ten seconds beside the others.
  {row: 99, what: 'a header a byte a second: 408 within 10 s', run: slowHead},
  refused(76, 'Content-Length, then Transfer-Encoding', post(['Content-Length: 5', 'Transfer-Encoding: chunked'])),
  refused(76, 'Transfer-Encoding, then Content-Length', post(['Transfer-Encoding: chunked', 'Content-Length: 5'])),
  refused(76, 'Transfer-Encoding and Content-Length: 0', post(['Transfer-Encoding: chunked', 'Content-Length: 0'])),
  refused(76, 'Transfer-Encoding and an empty Content-Length', post(['Transfer-Encoding: chunked', 'Content-Length:'])),
  refused(76, 'tRANSFER-eNCODING, then cONTENT-lENGTH', post(['tRANSFER-eNCODING: chunked', 'cONTENT-lENGTH: 5'])),
  refused(76, 'Transfer_Encoding and Content-Length', post(['Transfer_Encoding: chunked', 'Content-Length: 5'])),
  refused(76, 'Transfer-Encoding and Content_Length', post(['Transfer-Encoding: chunked', 'Content_Length: 5'])),
  ...codings(77, ['identity', 'Identity'], ['Content-Length: 5']),
  ...codings(77, ['identity']),
  ...codings(78, ['xchunked', 'chunkedx', 'chunked-x', 'x'], ['Content-Length: 5']),
  ...codings(78, ['xchunked', 'gzip', 'x, chunked', '']),
  ...codings(79, ['chunked, chunked', 'chunked,chunked'], ['Content-Length: 5']),
  ...codings(79, ['chunked, chunked']),
  ...codings(80, ['chunked, identity', 'identity, chunked', 'chunked, gzip', 'gzip, chunked, gzip']),
  ...codings(81, [',chunked', ', chunked', 'chunked,', 'chunked, ,', ',,chunked', ',']),
  ...codings(82, [
    '"chunked"', '\'chunked\'', '\xa0chunked', 'chunked\xa0', '\x0bchunked', 'chunked\x0b', '\x0cchunked', 'chun ked',
    'chunked\x00', 'chunked\x85',
  ]),
  ...codings(83, ['chunked;p=1', 'chunked; p=1', 'chunked;', 'chunked ;p', 'chunked=1']),
  refused(84, 'Transfer-Encoding on HTTP/1.0', post(['Transfer-Encoding: chunked'], 'HTTP/1.0')),
  refused(84, 'Transfer-Encoding on HTTP/1.0 with keep-alive', post(['Connection: keep-alive', 'Transfer-Encoding: chunked'], 'HTTP/1.0')),
  refused(84, 'Transfer-Encoding and Content-Length on HTTP/1.0', post(['Transfer-Encoding: chunked', 'Content-Length: 5'], 'HTTP/1.0')),
  ...codings(85, [
    'gzip, chunked', 'GZIP,chunked', 'deflate, chunked', 'gzip, deflate, chunked',
  ]).map((attack) => ({...attack, ...notImplemented})),
  ...codings(85, ['gzip, chunked'], ['Content-Length: 5']),
  refused(86, 'Transfer-Encoding twice', post(['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'])),
  refused(86, 'Transfer-Encoding twice, the second one identity', post(['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'])),
  refused(86, 'Transfer-Encoding twice, the first one x', post(['Transfer-Encoding: x', 'X: y', 'transfer-encoding: chunked'])),
  refused(87, 'Content-Length twice', post(['Content-Length: 5', 'Content-Length: 5'])),
  refused(87, 'Content-Length twice, not the same', post(['Content-Length: 0', 'Content-Length: 5'])),
  ...lengths(87, ['5, 5', '5,5', '0, 5', '5,', ',5', '5 5', '5;5']),
  ...lengths(88, [
    '+3', '-1', '0x3', '', ' ', '18446744073709551616', '99999999999999999999999', '-0', '3.0', '3e0', '3\x0b', '\xb3',
    '"3"', '3_0',
  ]),
  {
    row: 88, what: 'Content-Length: 010 goes on as 10',
    send: () => `${head('POST /open HTTP/1.1', ['Host: a', 'Content-Length: 010'])}0123456789`,
    arrives(got) {
      assert.equal(got.get('content-length'), '10');
      assert.equal(got.text, '0123456789');
    },
  },

  ...[
    '0x5', '5_0', ' 5', '5 ', '\t5', '-5', '+5', '10000000000000005', '00000000000000005', '', '5,5', 'g', '5\x0b',
    '\x005', '"5"', ';a',
  ].map((size) => badSize(89, size)),
  refused(90, 'bare LF after a field', 'GET /open HTTP/1.1\r\nHost: a\n\r\n'),
  refused(90, 'bare LF after the request line', 'GET /open HTTP/1.1\nHost: a\r\n\r\n'),
  refused(90, 'bare LF as the head\'s end', 'GET /open HTTP/1.1\r\nHost: a\r\n\n'),
  refused(90, 'bare LF everywhere', `GET /open HTTP/1.1\nHost: a\n\n${smuggled}`),
  refused(90, 'bare LF before the request line', '\nGET /open HTTP/1.1\r\nHost: a\r\n\r\n'),
  refused(90, 'bare CR after a field', 'GET /open HTTP/1.1\r\nHost: a\rX: b\r\n\r\n'),
  refused(90, 'bare CR after the request line', 'GET /open HTTP/1.1\rHost: a\r\n\r\n'),
  badBody(90, 'bare LF after a chunk\'s size', `5\nhello\r\n0\r\n\r\n${smuggled}`),
  badBody(90, 'bare LF after a chunk', `5\r\nhello\n0\r\n\r\n${smuggled}`),
  badBody(90, 'bare LF after the last chunk', `5\r\nhello\r\n0\n\n${smuggled}`),
  badBody(90, 'bare LF after a trailer', `0\r\nX: 1\n\r\n${smuggled}`),
  badBody(90, 'bare CR in a trailer', `0\r\nX: 1\rY: 2\r\n\r\n${smuggled}`),
  badBody(91, 'a chunk without CRLF', `5\r\nhello0\r\n\r\n${smuggled}`),
  badBody(91, 'a chunk with other bytes for its CRLF', `5\r\nhelloXX0\r\n\r\n${smuggled}`),
  badBody(91, 'a chunk that is longer than it says', `3\r\nhello\r\n0\r\n\r\n${smuggled}`),
  badBody(92, 'a chunk extension above 8 KB', `5;${'e'.repeat(8192)}\r\nhello\r\n0\r\n\r\n`),
  badBody(92, 'chunk extensions above 16 KB in sum',
    chunks(Array.from({length: 40}, () => 'x')).replaceAll('1\r\nx', `1;${'e'.repeat(1000)}\r\nx`)),
  badBody(92, 'a chunk extension without an end', () => `5;${'e'.repeat(1_000_000)}`),
  ...['\x01', '\0', '\x0b', '\x7f', '\n', '\r', '\xe9'].map((byte) => (
    badBody(92, `a chunk extension with ${JSON.stringify(byte)}`, `5;a=${byte}b\r\nhello\r\n0\r\n\r\n`))),
  badBody(93, '500,000 trailers', () => `0\r\n${'X: 1\r\n'.repeat(500_000)}\r\n`),
  badBody(94, 'a trailer of 66 KB', () => `0\r\nX: ${'t'.repeat(66_000)}\r\n\r\n`),
  badBody(94, 'a trailer\'s name of 66 KB', () => `0\r\n${'t'.repeat(66_000)}: x\r\n\r\n`),
  badBody(94, 'a trailer without a name', `0\r\n: x\r\n\r\n${smuggled}`),
  badBody(94, 'a folded trailer', `0\r\nX: a\r\n b\r\n\r\n${smuggled}`),

  ...['Content-Length', 'Transfer-Encoding', 'X'].map((name) => refused(95, `space before the colon of ${name}`, post([`${name} : 5`]))),
  refused(95, 'tab before the colon', post(['Content-Length\t: 5'])),
  refused(95, 'empty name', get(['Host: a', ': x'])),
  refused(95, 'no colon', get(['Host: a', 'nonsense'])),
  refused(95, 'no colon, in the first field', get(['nonsense', 'Host: a'])),
  ...['X\0', 'X\x01', 'X"', 'X(', 'X\xe9', 'X/Y', 'X@', '{X}'].map((name) => (
    refused(95, `a name ${JSON.stringify(name)}`, get(['Host: a', `${name}: x`])))),
  refused(96, '\\r\\n\\rX', 'GET /open HTTP/1.1\r\nHost: a\r\n\rX'),
  refused(96, '\\r\\n\\rX: a, and a head that goes on', 'GET /open HTTP/1.1\r\nHost: a\r\n\rX: a\r\n\r\n'),
  refused(96, '\\r\\r\\n', 'GET /open HTTP/1.1\r\nHost: a\r\r\n\r\n'),
  refused(96, '\\r\\n\\r\\r\\n', `GET /open HTTP/1.1\r\nHost: a\r\n\r\r\n${smuggled}`),
  refused(97, 'HTTP/0.9', 'GET /open\r\n\r\n'),
  refused(97, 'HTTP/2.0', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  ...[
    'HTTP/0.9', 'HTTP/1.2', 'HTTP/1.10', 'HTTP/1.01', 'HTTP/01.1', 'HTTP/2.0', 'HTTP/2', 'HTTP/3', 'http/1.1',
    'HTTP/1,1', 'HTTP/1.', 'HTTP/', 'HTTP/1.1 ', ' HTTP/1.1', 'HTTP/1.1\t', 'XHTTP/1.1',
  ].map((version) => (
    refused(97, `version ${JSON.stringify(version)}`, get(['Host: a'], version)))),

  {row: 98, what: '100 fields go on', send: () => request('GET', '/open', fields(100)), arrives() {}},
  refused(98, '101 fields', request('GET', '/open', fields(101)), tooLarge),
  refused(98, '1,300 fields in 16 KiB', request('GET', '/open', fields(1300)), tooLarge),
  {row: 98, what: 'a head of 16 KiB goes on', send: () => ofSize(16 * 1024), arrives() {}},
  refused(98, 'a head of 16 KiB and one byte', ofSize(16 * 1024 + 1), tooLarge),
  refused(98, 'a request line of 20,000 bytes', get(['Host: a']).replace('/open', `/open/${'p'.repeat(20_000)}`), tooLarge),
  refused(98, 'a field of 100,000 bytes without an end', `GET /open HTTP/1.1\r\nX: ${'x'.repeat(100_000)}`, tooLarge),

  badUpstream('TE and CL', `${ok}Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n`),
  badUpstream('CL and TE', `${ok}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`),
  badUpstream('two CLs', `${ok}Content-Length: 2\r\nContent-Length: 3\r\n\r\nok`),
  badUpstream('two CLs, the same', `${ok}Content-Length: 2\r\nContent-Length: 2\r\n\r\nok`),
  badUpstream('list as CL', `${ok}Content-Length: 2, 2\r\n\r\nok`),
  badUpstream('CL that is no number', `${ok}Content-Length: +2\r\n\r\nok`),
  badUpstream('two TEs', `${ok}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`),
  ...['xchunked', 'identity', 'gzip, chunked', 'chunked, chunked', '"chunked"'].map((coding) => (
    badUpstream(`TE ${coding}`, `${ok}Transfer-Encoding: ${coding}\r\n\r\n0\r\n\r\n`))),
  badUpstream('TE on HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
  badUpstream('64 KB header', `${ok}X: ${'x'.repeat(64 * 1024)}\r\nContent-Length: 2\r\n\r\nok`),
  badUpstream('64 KB of headers', `${ok}${'X: 1\r\n'.repeat(11_000)}Content-Length: 2\r\n\r\nok`),
  badUpstream('folded field', `${ok}X: a\r\n b\r\nContent-Length: 2\r\n\r\nok`),
  badUpstream('space before the colon', `${ok}Content-Length : 2\r\n\r\nok`),
  {
    row: 100, what: 'an upstream\'s 16 options of Connection go on', send: () => get(), answer: () => answerWithOptions(16),
    arrives: (_, response) => assert.equal(response.text, 'ok'),
  },
  badUpstream('17 options of Connection', answerWithOptions(17)),
  badUpstream('bare LF', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok'),
];
