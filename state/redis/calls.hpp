// The calls of a store as arguments of scripts, and the scripts' replies as what the calls give. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "state/redis/resp.hpp"
#include "state/redis/scripts.hpp"
#include "state/store.hpp"

namespace postern::state::redis {

// `{prefix}`, with which every key begins.
std::string key_tag(const std::string& prefix);

// EVALSHA of the script with `arguments`.
Words script_command(Script script, const std::string& prefix, Words arguments);

Words begin_session_arguments(const Family& family, const RefreshToken& first);
Words rotate_arguments(const Rotation& rotation);
Words find_arguments(const std::string& sid, const TokenHash& presented, const std::string& client, Millis now,
                     Millis grace);
Words revoke_arguments(const Revocation& revocation);
// `cursor`: of the piece before, or 0.
Words end_sessions_arguments(const std::string& issuer, const std::string& subject, Millis until,
                             const std::string& cursor);
Words add_key_arguments(const SigningKeyRecord& key, std::uint64_t version);
Words count_attempt_arguments(const std::vector<Attempt>& attempts, Millis now);
Words uncount_attempt_arguments(const std::vector<Attempt>& attempts);
Words sweep_arguments(Believed time, std::size_t most);

// What an answer that makes no sense is: `damaged`. Error replies are not for these (error_reply.hpp).
template <class T>
using Read = tl::expected<T, StoreError>;
Read<Begun> read_begun(const Reply& reply);
Read<Rotated> read_rotated(const Reply& reply, const std::string& sid);
Read<FoundSession> read_found(const Reply& reply, const std::string& sid);
Read<std::uint64_t> read_number(const Reply& reply);
// Some of the sessions that were ended, as revocations of this issuer.
struct EndedSessions {
  std::vector<Revocation> revocations;
  std::string next;  // cursor; 0: these were the last
};
Read<EndedSessions> read_ended(const Reply& reply, const std::string& issuer);
Read<SigningKeySet> read_signing_keys(const Reply& reply);

// Entries of the feed, as XRANGE gives them.
Read<std::vector<SequencedRevocation>> read_entries(const Reply& reply);
// The same as XREAD gives them: of one stream, or nil.
Read<std::vector<SequencedRevocation>> read_new_entries(const Reply& reply);
// What a store's feed is: its numbers begin anew when all was lost, and with them a generation.
struct FeedState {
  std::string generation;    // random
  std::uint64_t latest = 0;  // the number of the last revocation
};
// As MGET gives both: nil is none, and 0.
Read<FeedState> read_feed_state(const Reply& reply);

}  // namespace postern::state::redis
