// Bodies with a fault behind a good head: the head has gone on when it is found, so that request must never be completed.
import {chunk, chunked, end, hex, hidden, length, post} from './bytes.mjs';

const inChunks = (body) => (p) => post(p, chunked) + body(hidden(p), p);
const sized = (size) => inChunks((text) => chunk(text, size.replace('N', hex(text))) + end);
// The client sends nothing more, and says so.
const unfinished = (bytes) => ({bytes, unfinished: true});

export const cut = {
  'a chunk size 0xN': sized('0xN'),
  'a chunk size +N': sized('+N'),
  'a chunk size -N': sized('-N'),
  'a chunk size N_0': sized('N_0'),
  'a chunk size N.0': sized('N.0'),
  'an empty chunk size': sized(''),
  'an empty chunk size with an extension': sized(';N'),
  'a space before a chunk size': sized(' N'),
  'a space behind a chunk size': sized('N '),
  'a tab behind a chunk size': sized('N\t'),
  'a space before an extension': sized('N ;a'),
  'NUL behind a chunk size': sized('N\0'),
  'a chunk size of 17 digits': inChunks((text) => chunk(text, hex(text).padStart(17, '0')) + end),
  'a chunk size above 64 bits': inChunks((text) => chunk(text, `1${hex(text).padStart(16, '0')}`) + end),
  'a chunk of 2^64 - 1 bytes': unfinished(inChunks((text) => chunk(text, 'ffffffffffffffff') + end)),
  'a chunk of 2^63 bytes': unfinished(inChunks((text) => chunk(text, '8000000000000000') + end)),
  'a bare LF behind a chunk size': inChunks((text) => `${hex(text)}\n${text}\r\n${end}`),
  'a bare CR behind a chunk size': inChunks((text) => `${hex(text)}\rX${text}\r\n${end}`),
  'CR CR LF behind a chunk size': inChunks((text) => `${hex(text)}\r\r\n${text}\r\n${end}`),
  'a bare LF in an extension': inChunks((text) => `2;\nxx\r\n${hex(text)}\r\n${end}${text}`),
  'a bare CR in an extension': inChunks((text) => `2;a\rb\r\nxx\r\n${chunk(text)}${end}`),
  'a control in an extension': inChunks((text) => chunk(text, `${hex(text)};a=\x01`) + end),
  'an extension above 8 KiB': inChunks((text) => chunk(text, `${hex(text)};${'e'.repeat(9000)}`) + end),
  'a chunk without its CRLF': inChunks((text) => `${hex(text)}\r\n${text}${end}`),
  'a chunk that ends with LF': inChunks((text) => `${hex(text)}\r\n${text}\n${end}`),
  'a chunk that ends with two other bytes': inChunks((text) => `2\r\nxxyy${chunk(text)}${end}`),
  'a chunk that is longer than its size': inChunks((text) => `1\r\nxx\r\n${end}${text}`),
  'a chunk that is shorter than its size': unfinished(inChunks((text) => `${hex(text)}0\r\n${text}\r\n${end}`)),
  'a last chunk that ends with LF LF': inChunks((text) => `0\n\n${text}`),
  'a last chunk that ends with CR LF LF': inChunks((text) => `0\r\n\n${text}`),
  'a last chunk that ends with CR LF CR': inChunks((text) => `0\r\n\r${text}`),
  'a last chunk 0x0': inChunks((text) => `0x0\r\n\r\n${text}`),
  'a request as the trailers': inChunks((text) => `0\r\n${text}`),
  'a trailer without a colon': inChunks((text) => `0\r\nX\r\n\r\n${text}`),
  'a trailer without a name': inChunks((text) => `0\r\n: x\r\n\r\n${text}`),
  'a trailer with a space before its colon': inChunks((text) => `0\r\nX : y\r\n\r\n${text}`),
  'a folded trailer': inChunks((text) => `0\r\nX: y\r\n z\r\n\r\n${text}`),
  'a bare LF in the trailers': inChunks((text) => `0\r\nX: y\n\r\n${text}`),
  'NUL in a trailer': inChunks((text) => `0\r\nX: \0\r\n\r\n${text}`),
  'a trailer of 66 KB': inChunks((text) => `0\r\nX: ${'t'.repeat(66_000)}\r\n\r\n${text}`),
  'no last chunk': unfinished(inChunks((text) => chunk(text))),
  'no last CRLF': unfinished(inChunks((text) => `${chunk(text)}0\r\n`)),
  'half a fixed body': unfinished((p) => post(p, length(hidden(p).repeat(2))) + hidden(p)),
};
