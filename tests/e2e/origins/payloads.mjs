// Every payload as {name, marker, ends, bytes(token), requests: how many go on, answers: how many come, to: the method of the
// first, unfinished: no more bytes will come}. It ends as `refused` by its head or `denied` by the policy (nothing goes on),
// `cut` (its head went on, its body never whole) or `sound` (it goes on).
import {cut} from './doubtful_bodies.mjs';
import {denied, refused} from './doubtful_heads.mjs';
import {sound} from './sound_requests.mjs';

const groups = {refused, denied, cut, sound};

export const payloads = Object.entries(groups).flatMap(([ends, group]) => Object.entries(group).map(([name, made]) => {
  const {bytes, ...more} = typeof made === 'function' ? {bytes: made} : made;
  return {name, ends, make: bytes, requests: ends === 'sound' ? 1 : 0, answers: 1, to: 'GET', unfinished: false, ...more};
})).map(({make, ...payload}, index) => {
  const marker = `p${index + 1}`;
  return {...payload, marker, bytes: (token) => make(marker, token)};
});
