// The texts of scripts.hpp, and the parts that they share.
#pragma once

#include <string_view>

namespace postern::state::redis::lua {

// Of what writes: the last argument is taken away before the script looks at the others.
inline constexpr std::string_view in_time = R"lua(
local deadline = tonumber(table.remove(ARGV))
local time = redis.call('TIME')
if time[1] * 1000 + time[2] / 1000 >= deadline then
  return redis.error_reply('LATE the call comes after its deadline')
end
)lua";

// Lua would write a time of today as 1.7e+12.
inline constexpr std::string_view shared = R"lua(
local prefix = KEYS[1]
local call = redis.call
local function digits(number) return string.format('%.0f', number) end
local function family_key(sid) return prefix .. ':family:' .. sid end
local function subject_key(kind, issuer, subject)
  return prefix .. ':' .. kind .. ':' .. #issuer .. ':' .. issuer .. subject
end
local function uses_key(sid) return prefix .. ':uses:' .. sid end
local function session_name(issuer, sid) return #issuer .. ':' .. issuer .. sid end
)lua";

// The families that a revocation names. Where these are many it is among the endings (scripts.hpp) until all are
// marked.
inline constexpr std::string_view ending = R"lua(
local endings = prefix .. ':endings'

-- Began before it was said; of one that has an instant, before that as well.
local function is_named(revocation, issuer, subject, began, known)
  local before = revocation.before
  return issuer == revocation.issuer and (revocation.kind ~= 'sub' or subject == revocation.value) and
         known < revocation.number and (before == '' or tonumber(began) < tonumber(before))
end

local function read_revocation(number)
  local entry = call('XRANGE', prefix .. ':feed', number .. '-0', number .. '-0')[1]
  if not entry then return nil end
  local fields = entry[2]
  return {number = tonumber(number), kind = fields[2], issuer = fields[4], value = fields[6], before = fields[8]}
end

local function is_ending(issuer, subject, began, known)
  for _, number in ipairs(call('HKEYS', endings)) do
    local revocation = read_revocation(number)
    if revocation and is_named(revocation, issuer, subject, began, known) then return true end
  end
  return false
end
)lua";

inline constexpr std::string_view forgetting = R"lua(
local function forget_token(sid, hash)
  call('HDEL', family_key(sid), 't:' .. hash, 's:' .. hash)
  call('ZREM', prefix .. ':sealed', hash .. sid)
  call('ZREM', prefix .. ':used', hash .. sid)
end
)lua";

// judge() is judge_rotation() and judge_reissue() of state/refresh_rules.cpp; tests/store compares both.
inline constexpr std::string_view reading = R"lua(
local function read_family(sid)
  local f = call('HMGET', family_key(sid), 'issuer', 'subject', 'client', 'claims', 'scope', 'began', 'ends', 'ended',
                 'known')
  if not f[1] then return nil end
  local known = tonumber(table.remove(f) or '0')
  if f[8] ~= '1' and is_ending(f[1], f[2], f[6], known) then f[8] = '1' end
  return {issuer = f[1], subject = f[2], client = f[3], ends = tonumber(f[7]), ended = f[8] == '1', fields = f}
end

local function read_token(sid, hash)
  local found = call('HMGET', family_key(sid), 't:' .. hash, 's:' .. hash)
  if not found[1] then return nil end
  local expires, used = found[1]:match('^(%d+) ?(%d*)$')
  local token = {expires = tonumber(expires), used = tonumber(used)}
  if found[2] then token.opens_until, token.sealed = found[2]:match('^(%d+) (.*)$') end
  return token
end

local function judge(family, token, proposed, client, presented_at, now, grace, reissue, first_forgotten)
  if not family or not token then return 'unknown' end
  if family.client ~= client then return 'other_client' end
  if family.ended then return 'family_ended' end
  if now >= family.ends then return 'family_over' end
  local is_current = not token.used or (proposed and not proposed.used)
  local current = not token.used and first_forgotten and now < first_forgotten and 'too_often' or 'current'
  local most_ahead = 10000
  local has_successor = token.used and token.sealed and now >= token.used - most_ahead and now < token.used + grace
  if presented_at >= token.expires then
    if not reissue then return 'expired' end
    if is_current then return current end
    return has_successor and 'within_grace' or 'expired'
  end
  if is_current then return current end
  if presented_at >= token.used + grace then return 'reused' end
  return has_successor and 'within_grace' or 'unknown'
end
)lua";

inline constexpr std::string_view marking = R"lua(
local function mark_ended(revocation, sids)
  for _, sid in ipairs(sids) do
    local family = call('HMGET', family_key(sid), 'issuer', 'subject', 'began', 'ended', 'known')
    local is_on = family[1] and family[4] ~= '1'
    if is_on and is_named(revocation, family[1], family[2], family[3], tonumber(family[5] or '0')) then
      call('HSET', family_key(sid), 'ended', 1)
    end
  end
end
)lua";

// Families of a revocation that names many are refused from then on (is_ending), and marked by sweep().
inline constexpr std::string_view revoking = R"lua(
local at_once = 500

local function end_families(revocation)
  local kind, families = revocation.kind, prefix .. ':families'
  local subject = subject_key('subject', revocation.issuer, revocation.value)
  if kind == 'sid' then
    mark_ended(revocation, {revocation.value})
  elseif kind == 'sub' and call('SCARD', subject) <= at_once then
    mark_ended(revocation, call('SMEMBERS', subject))
  elseif kind == 'issuer' and call('ZCARD', families) <= at_once then
    mark_ended(revocation, call('ZRANGE', families, 0, -1))
  elseif kind == 'sub' or kind == 'issuer' then
    call('HSET', prefix .. ':endings', digits(revocation.number), 0)
  end
end

-- Whoever has a token of a session may end it again and again: nothing becomes more of it. That its family has ended
-- says nothing: the revocation of its subject may have done that, and names none of the tokens issued since.
local function is_repetition(kind, issuer, value, before, until_)
  local kept = kind == 'sid' and before == '' and call('HGET', prefix .. ':revoked_sids', session_name(issuer, value))
  return kept and tonumber(kept) >= tonumber(until_)
end

local function revoke(kind, issuer, value, before, until_)
  if is_repetition(kind, issuer, value, before, until_) then
    end_families({number = math.huge, kind = kind, issuer = issuer, value = value, before = before})
    return call('GET', prefix .. ':sequence') or '0'
  end
  local counted = call('INCR', prefix .. ':sequence')
  local number = digits(counted)
  call('XADD', prefix .. ':feed', number .. '-0',
       'kind', kind, 'issuer', issuer, 'value', value, 'before', before, 'until', until_)
  call('ZADD', prefix .. ':revocations', until_, number)
  if kind == 'sub' or kind == 'issuer' then
    call('ZADD', subject_key('revoked', issuer, value), before == '' and until_ or before, number)
  elseif kind == 'sid' and before == '' then
    call('HSET', prefix .. ':revoked_sids', session_name(issuer, value), until_)
  end
  end_families({number = counted, kind = kind, issuer = issuer, value = value, before = before})
  return number
end
)lua";

// ARGV: sid, issuer, subject, client, claims, scope, began, ends, hash, expires. Gives Begun::issued_before, or nil.
inline constexpr std::string_view begin_session = R"lua(
local sid, issuer, subject = ARGV[1], ARGV[2], ARGV[3]
if call('EXISTS', family_key(sid)) == 0 then
  call('HSET', family_key(sid), 'issuer', issuer, 'subject', subject, 'client', ARGV[4], 'claims', ARGV[5],
       'scope', ARGV[6], 'began', ARGV[7], 'ends', ARGV[8], 'ended', 0, 'known',
       call('GET', prefix .. ':sequence') or '0', 'current', ARGV[9], 't:' .. ARGV[9], ARGV[10])
  call('ZADD', prefix .. ':families', ARGV[8], sid)
  call('SADD', subject_key('subject', issuer, subject), sid)
end
local function revoked_before(value)
  return tonumber(call('ZREVRANGE', subject_key('revoked', issuer, value), 0, 0, 'WITHSCORES')[2] or -1)
end
local latest = math.max(revoked_before(subject), revoked_before(''))
return latest >= 0 and digits(latest)
)lua";

// ARGV: sid, hash, client, presented_at, now, grace, `rotate`, `reissue` or `look`, successor's hash, sealed,
// opens_until, lifetime, revoke_until, most_used, known_after_use. Gives the verdict, the family's fields, the
// current token's `expires`, and opens_until and bytes of a successor, or the time to wait.
inline constexpr std::string_view rotate = R"lua(
-- When the first of the used tokens is forgotten, where there are as many as may be. Looks at none of the others.
local function when_forgotten(sid, most, known_after_use)
  if call('LLEN', uses_key(sid)) < most then return nil end
  local first = read_token(sid, call('LINDEX', uses_key(sid), 0))
  return first and first.used + known_after_use or 0
end

local sid, hash, now, kind, successor, opens_until = ARGV[1], ARGV[2], tonumber(ARGV[5]), ARGV[7], ARGV[8], ARGV[10]
local family, token = read_family(sid), read_token(sid, hash)
local proposed = token and token.used and read_token(sid, successor)
local first_forgotten = token and not token.used and when_forgotten(sid, tonumber(ARGV[13]), tonumber(ARGV[14]))
local verdict = judge(family, token, proposed, ARGV[3], tonumber(ARGV[4]), now, tonumber(ARGV[6]), kind == 'reissue',
                      first_forgotten)
local expires = '0'
if verdict == 'current' and proposed then
  expires = digits(proposed.expires)
elseif verdict == 'current' then
  expires = digits(math.min(now + tonumber(ARGV[11]), family.ends))
  if kind ~= 'look' then
    call('HSET', family_key(sid), 't:' .. hash, digits(token.expires) .. ' ' .. ARGV[5],
         's:' .. hash, opens_until .. ' ' .. ARGV[9], 't:' .. successor, expires, 'current', successor)
    call('ZADD', prefix .. ':sealed', opens_until, hash .. sid)
    call('ZADD', prefix .. ':used', digits(math.max(token.expires, tonumber(opens_until))), hash .. sid)
    if first_forgotten then forget_token(sid, call('LPOP', uses_key(sid))) end
    call('RPUSH', uses_key(sid), hash)
  end
elseif verdict == 'within_grace' then
  expires = digits(read_token(sid, call('HGET', family_key(sid), 'current')).expires)
  return {verdict, family.fields, expires, token.opens_until, token.sealed}
elseif verdict == 'too_often' then
  return {verdict, family.fields, expires, digits(first_forgotten - now)}
elseif verdict == 'reused' then
  revoke('sid', family.issuer, sid, '', ARGV[12])
  family.fields[8] = '1'
end
return {verdict, family and family.fields or false, expires}
)lua";

// ARGV: sid, hash, client, now, grace. Gives the verdict, the family's fields and the token's `expires`.
inline constexpr std::string_view find = R"lua(
local family, token = read_family(ARGV[1]), read_token(ARGV[1], ARGV[2])
local now = tonumber(ARGV[4])
local verdict = judge(family, token, nil, ARGV[3], now, now, tonumber(ARGV[5]), false)
return {verdict, family and family.fields or false, token and digits(token.expires) or '0'}
)lua";

// ARGV: kind, issuer, value, before or nothing, until. Gives the number.
inline constexpr std::string_view revoke = R"lua(
return revoke(ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5])
)lua";

// ARGV: issuer, subject, until, cursor and about how many. Gives the cursor of the next piece, 0 after the last, and
// the sid of each session with the end of its revocation.
inline constexpr std::string_view end_sessions = R"lua(
local issuer, until_ = ARGV[1], ARGV[3]
local function kept_until(sid)
  if call('HGET', family_key(sid), 'ended') ~= '1' then return nil end
  return call('HGET', prefix .. ':revoked_sids', session_name(issuer, sid))
end

local piece = call('SSCAN', subject_key('subject', issuer, ARGV[2]), ARGV[4], 'COUNT', ARGV[5])
local ended = {}
for _, sid in ipairs(piece[2]) do
  local kept = kept_until(sid)
  if not kept then revoke('sid', issuer, sid, '', until_) end
  ended[#ended + 1] = {sid, kept or until_}
end
return {piece[1], ended}
)lua";

inline constexpr std::string_view reading_keys = R"lua(
local function load_keys()
  local keys = {}
  for _, kid in ipairs(call('ZRANGE', prefix .. ':keys', 0, -1)) do
    local key = call('HMGET', prefix .. ':key:' .. kid, 'alg', 'private_key', 'created', 'signs_from', 'signs_until',
                     'retired')
    keys[#keys + 1] = {kid, unpack(key)}
  end
  return {call('GET', prefix .. ':keys_added') or '0', keys}
end
)lua";

inline constexpr std::string_view load_keys = R"lua(
return load_keys()
)lua";

// ARGV: version, kid, alg, private_key, created, signs_from, signs_until, retired.
inline constexpr std::string_view add_key = R"lua(
if (call('GET', prefix .. ':keys_added') or '0') == ARGV[1] then
  call('HSET', prefix .. ':key:' .. ARGV[2], 'alg', ARGV[3], 'private_key', ARGV[4], 'created', ARGV[5],
       'signs_from', ARGV[6], 'signs_until', ARGV[7], 'retired', ARGV[8])
  call('ZADD', prefix .. ':keys', ARGV[8], ARGV[2])
  call('INCR', prefix .. ':keys_added')
end
return load_keys()
)lua";

// ARGV: now, then name, limit and window of each attempt. Gives the milliseconds to wait; 0: all were counted.
inline constexpr std::string_view count_attempt = R"lua(
local now, wait, windows = tonumber(ARGV[1]), 0, {}
local function keep_end(name, ends)
  call('HSET', prefix .. ':attempt:' .. name, 'ends', digits(ends))
  call('ZADD', prefix .. ':attempts', digits(ends), name)
end
for i = 2, #ARGV, 3 do
  local window = call('HMGET', prefix .. ':attempt:' .. ARGV[i], 'count', 'ends')
  local ends, latest = tonumber(window[2] or '0'), now + tonumber(ARGV[i + 2])
  if ends > latest then  -- it was counted by a clock that was ahead, and would last for hours
    keep_end(ARGV[i], latest)
    ends = latest
  end
  if ends > now then
    windows[i] = ends
    if tonumber(window[1]) >= tonumber(ARGV[i + 1]) then wait = math.max(wait, ends - now) end
  end
end
if wait > 0 then return digits(wait) end
for i = 2, #ARGV, 3 do
  local key = prefix .. ':attempt:' .. ARGV[i]
  if windows[i] then
    call('HINCRBY', key, 'count', 1)
  else
    call('HSET', key, 'count', 1)
    keep_end(ARGV[i], now + tonumber(ARGV[i + 2]))
  end
end
return '0'
)lua";

// ARGV: name and `forgiven` or `one` of each attempt.
inline constexpr std::string_view uncount_attempt = R"lua(
for i = 1, #ARGV, 2 do
  local key = prefix .. ':attempt:' .. ARGV[i]
  if ARGV[i + 1] == 'forgiven' then
    call('DEL', key)
    call('ZREM', prefix .. ':attempts', ARGV[i])
  elseif tonumber(call('HGET', key, 'count') or '0') > 0 then
    call('HINCRBY', key, 'count', -1)
  end
end
return '0'
)lua";

// ARGV: now, the time for forgetting, most, and how long families are kept after their end. Gives how many things were
// removed. Sealed successors go first; a family goes after its tokens. What is swept is gone for all gateways: one
// whose clock is ahead must not say what has expired, so that Redis' own clock counts where it is earlier.
inline constexpr std::string_view sweep = R"lua(
local own = time[1] * 1000 + math.floor(time[2] / 1000)
local now, forgetting = math.min(tonumber(ARGV[1]), own), math.min(tonumber(ARGV[2]), own)
local swept, most = 0, tonumber(ARGV[3])
local function each_expired(set, latest, remove)
  local key = prefix .. ':' .. set
  for _, member in ipairs(call('ZRANGEBYSCORE', key, '-inf', digits(latest), 'LIMIT', 0, most - swept)) do
    if remove(member) then
      call('ZREM', key, member)
      swept = swept + 1
    end
  end
end

each_expired('sealed', now, function(member)
  return call('HDEL', family_key(member:sub(33)), 's:' .. member:sub(1, 32)) >= 0
end)
each_expired('used', forgetting, function(member)
  local sid, hash = member:sub(33), member:sub(1, 32)
  forget_token(sid, hash)
  -- The first most often, which is found at once. With the session all may expire at one time, in any order.
  local ends = call('HGET', family_key(sid), 'ends')
  if ends and tonumber(ends) > forgetting then call('LREM', uses_key(sid), 1, hash) end
  return true
end)
each_expired('families', forgetting - tonumber(ARGV[4]), function(sid)
  local key = family_key(sid)
  for _, field in ipairs(call('HKEYS', key)) do
    if swept >= most then return false end
    if field:sub(1, 2) == 't:' then
      forget_token(sid, field:sub(3))
      swept = swept + 1
    end
  end
  if swept >= most then return false end
  local family = call('HMGET', key, 'issuer', 'subject')
  if family[1] then call('SREM', subject_key('subject', family[1], family[2]), sid) end
  call('DEL', key, uses_key(sid))
  return true
end)
each_expired('revocations', forgetting, function(number)
  if call('HEXISTS', endings, number) == 1 then return false end
  local entry = call('XRANGE', prefix .. ':feed', number .. '-0', number .. '-0')[1]
  local kind = entry and entry[2][2]
  if kind == 'sub' or kind == 'issuer' then call('ZREM', subject_key('revoked', entry[2][4], entry[2][6]), number) end
  if kind == 'sid' then
    local name = session_name(entry[2][4], entry[2][6])
    -- A longer one that came later has its own time.
    if call('HGET', prefix .. ':revoked_sids', name) == entry[2][10] then
      call('HDEL', prefix .. ':revoked_sids', name)
    end
  end
  call('XDEL', prefix .. ':feed', number .. '-0')
  return true
end)
each_expired('attempts', forgetting, function(name) return call('DEL', prefix .. ':attempt:' .. name) >= 0 end)
each_expired('keys', forgetting, function(kid) return call('DEL', prefix .. ':key:' .. kid) >= 0 end)
-- Last: without memory it fails. From the latest end on: where a family begins meanwhile some are looked at twice, and
-- those that go were last. Another server knows the place as well, unlike a cursor of ZSCAN.
for _, number in ipairs(call('HKEYS', endings)) do
  local revocation, most_here = read_revocation(number), most - swept
  if most_here <= 0 then break end
  local from = tonumber(call('HGET', endings, number))
  local sids = call('ZREVRANGE', prefix .. ':families', from, digits(from + most_here - 1))
  if revocation then mark_ended(revocation, sids) end
  swept = swept + math.max(#sids, 1)
  if revocation and #sids == most_here then
    call('HSET', endings, number, digits(from + most_here))
  else
    call('HDEL', endings, number)
  end
end
return digits(swept)
)lua";

}  // namespace postern::state::redis::lua
