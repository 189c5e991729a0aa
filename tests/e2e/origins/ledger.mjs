// What the gateway says it forwarded, held against what an origin says it saw.
import {folded, valuesOf as valuesOfFields} from '../harness/field_names.mjs';

const key = ({method, path, host}) => `${method} ${path} ${host}`;
const valuesOf = (record, name) => valuesOfFields(record.fields, name);

// The fields that no origin may get: a route, a method or a hop would be judged anew by them.
const forbidden = new Set(['expect', 'forwarded', 'http2-settings', 'keep-alive', 'proxy', 'proxy-authorization',
  'proxy-connection', 'te', 'trailer', 'x-forwarded-prefix', 'x-hop', 'x-http-method', 'x-http-method-override',
  'x-method-override', 'x-original-url', 'x-rewrite-url']);

// A record's method, path and host; undefined for what is no request line of a gateway.
function readRecord(record) {
  const [, method, target] = /^([A-Z]+) (\/[^ ]*) HTTP\/1\.1$/.exec(record.line) ?? [];
  return method && {method, path: target.split('?')[0], host: valuesOf(record, 'host').join()};
}

// Requests at the origin beyond those that were forwarded; a request is its method, path and host.
export function unexplained(forwarded, seen) {
  const left = new Map();
  for (const line of forwarded) left.set(key(line), (left.get(key(line)) ?? 0) + 1);
  return seen.filter((record) => {
    const request = readRecord(record);
    const count = request && left.get(key(request));
    if (count) left.set(key(request), count - 1);
    return !count;
  });
}

// How many requests of a payload an origin saw; those of innocents have another mark.
export function countOf(seen, marker) {
  const marked = new RegExp(`[/~]${marker}(?![0-9])`);
  return seen.filter(({line}) => marked.test(line)).length;
}

// What is wrong with the fields of a request, by itself; empty when nothing is.
export function faultsOf(record, subject) {
  const faults = [];
  if (/smuggled|mallory/.test(JSON.stringify(record))) faults.push('holds what was hidden');
  const guarded = record.line.split(' ')[1]?.startsWith('/orders');
  // HAProxy writes every name in small letters.
  const users = record.fields.filter(([name]) => folded(name) === 'x-user-id')
    .map(([name, value]) => `${name.toLowerCase()}: ${value}`);
  const wanted = guarded ? [`x-user-id: ${subject}`] : [];
  if (users.join() !== wanted.join()) faults.push(`names ${users.join(' and ') || 'nobody'} as the user`);
  const framings = record.fields.filter(([name]) => ['content-length', 'transfer-encoding'].includes(folded(name)));
  if (framings.length > 1 || framings.some(([name]) => name.toLowerCase() !== folded(name))) faults.push('is framed more than once');
  if (valuesOf(record, 'host').length > 1) faults.push('has two hosts');
  faults.push(...record.fields.filter(([name]) => forbidden.has(folded(name))).map(([name]) => `has the field ${name}`));
  if (record.trailers?.length) faults.push('has trailers');
  return faults;
}
