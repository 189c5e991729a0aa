// What Redis does in one step: Lua scripts, one for each call of the store.
//
// Every key begins with the prefix in braces, which is the hash tag of a cluster: one node has them all, and a script
// may use any of them. The prefix is the scripts' only key in `KEYS`; what else they use they name themselves.
//
//   {p}:family:<sid>            hash: issuer, subject, client, claims, scope, began, ends, ended (0 or 1), known
//                               (the number of the last revocation when it began), current (a hash);
//                               t:<hash> of each token: `expires`, or `expires used`; s:<hash> `opens_until bytes` of a
//                               sealed successor
//   {p}:uses:<sid>              list: the hashes of the used tokens, in the order of their use
//   {p}:families                sorted set: sid by the end of the family
//   {p}:used, {p}:sealed        sorted sets: <hash><sid> by when the token, or its sealed successor, is forgotten
//   {p}:subject:<n>:<iss><sub>  set: the sids of a subject; n is the length of <iss>
//   {p}:sequence                the number of the last revocation
//   {p}:feed                    stream: the revocations that have not expired; the id is `number-0`
//   {p}:revocations             sorted set: their numbers by `until`
//   {p}:revoked:<n>:<iss><sub>  sorted set: numbers of a subject's revocations by `before`, or by `until` without one;
//                               without <sub> those of the whole issuer
//   {p}:endings                 hash: numbers of revocations that name more than 500 families, until sweep() has marked
//                               all of them as ended; how many of {p}:families, from the last on, it has looked at
//   {p}:revoked_sids            hash: the latest `until` of each session's revocation that has not expired, by
//                               <n>:<iss><sid>
//   {p}:attempt:<name>          hash: count, ends
//   {p}:attempts                sorted set: names by the end of the window
//   {p}:key:<kid>               hash: alg, private_key, created, signs_from, signs_until, retired
//   {p}:keys                    sorted set: kids by `retired`
//   {p}:keys_added              how many keys were ever added
//
// Nothing has a time to live of Redis: sweep() removes what has expired, by the times that callers give, as in SQLite.
// An eviction (`maxmemory-policy` other than `noeviction`) would take sessions away and let revoked tokens live again.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace postern::state::redis {

enum class Script {
  begin_session,
  rotate,
  find,
  revoke,
  end_sessions,
  load_keys,
  add_key,
  count_attempt,
  uncount_attempt,
  sweep
};
inline constexpr std::array all_scripts = {
    Script::begin_session, Script::rotate,  Script::find,          Script::revoke,          Script::end_sessions,
    Script::load_keys,     Script::add_key, Script::count_attempt, Script::uncount_attempt, Script::sweep};

// Whether it has one argument more, the last: the call's deadline in milliseconds Unix by Redis' clock. From then on it
// does nothing, and gives the error LATE: Redis may have stood still, and a rotation that is done at last would be
// stamped with a time at which its caller had not given up yet.
bool writes(Script script) noexcept;

// The whole text, with what several scripts share before it.
std::string text_of(Script script);
// By which EVALSHA names it: the SHA-1 of the text in lower-case hexadecimal.
const std::string& name_of(Script script);

}  // namespace postern::state::redis
