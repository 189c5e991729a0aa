// A user with more sessions than one answer of Redis may list.
#include <set>
#include <string>
#include <vector>

#include "state/redis/resp.hpp"
#include "tests/store/redis_clients.hpp"

namespace postern::state {
namespace {

// Sessions of family_of(), as far as ending them looks at them: their sids are numbers.
void begin_sessions(const RedisServer& server, std::size_t count) {
  const char* const script =
      "for i = 1, tonumber(ARGV[1]) do "
      "redis.call('HSET', '{postern}:family:' .. i, 'issuer', ARGV[2], 'began', 1000, 'ended', 0) "
      "redis.call('SADD', '{postern}:subject:' .. #ARGV[2] .. ':' .. ARGV[2] .. 'ann', i) end return ARGV[1]";
  const std::string number = std::to_string(count);
  CHECK(server.ask({"EVAL", script, "0", number, family_of("").issuer}) == number);
}

}  // namespace

TEST_CASE("All sessions of a user end, and the store tells which, though no answer of Redis may list so many") {
  constexpr std::size_t count = redis::ReplyReader::max_elements + 1;
  const RedisServer server;
  RedisOptions options = options_of(server);
  options.timeout = patience;
  const auto store = open_redis_store(options);
  begin_sessions(server, count);
  for (int i = 0; i < 2; ++i) {
    Answer<std::vector<Revocation>> answer;
    store->end_sessions(family_of("").issuer, "ann", 7000, answer.done());
    answer.future.wait_for(10 * patience);  // which is that of one piece
    std::set<std::string> sids;
    for (const Revocation& one : answer.value()) sids.insert(one.value);
    CHECK(sids.size() == count);
    CHECK(server.ask({"XLEN", "{postern}:feed"}) == std::to_string(count));
  }
  CHECK(server.ask({"HGET", "{postern}:family:" + std::to_string(count), "ended"}) == "1");
}

TEST_CASE("A store that is dropped while it ends many sessions ends them all before") {
  constexpr std::size_t count = 5000;
  const RedisServer server;
  RedisOptions options = options_of(server);
  options.timeout = patience;
  Answer<std::vector<Revocation>> answer;
  {
    const auto store = open_redis_store(options);
    healed_revoke(*store, "the first");
    begin_sessions(server, count);
    store->end_sessions(family_of("").issuer, "ann", 7000, answer.done());
  }
  CHECK(answer.value().size() == count);
}

}  // namespace postern::state
