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
      "redis.call('HSET', '{postern}:family:' .. i, 'issuer', ARGV[2], 'subject', 'ann', "
      "'began', 1000, 'ended', 0) "
      "redis.call('ZADD', '{postern}:families', 5000, i) "
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

TEST_CASE("Sessions that a revocation names end at once, be they so many that they are marked later, in pieces") {
  Revocation revocation{
      .kind = Revocation::Kind::sub, .issuer = family_of("").issuer, .value = "ann", .before = {}, .until = 2000};
  SUBCASE("all of a subject") {}
  SUBCASE("of a subject, before an instant") {
    revocation.before = 1001;
  }
  SUBCASE("of an issuer") {
    revocation.kind = Revocation::Kind::issuer;
    revocation.value = "";
    revocation.before = 1001;
  }
  constexpr std::size_t at_once = 500;
  for (const std::size_t count : {at_once, at_once + 1}) {
    CAPTURE(count);
    const RedisServer server;
    RedisOptions options = options_of(server);
    options.timeout = patience;
    const auto store = open_redis_store(options);
    const Waiting waiting{*store};
    healed_revoke(*store, "the first");
    waiting.begin(family_of("named"), hash_of(1), 1500);
    begin_sessions(server, count - 1);
    const std::uint64_t number = waiting.revoke(revocation);
    const auto marked = [&] {
      const char* const script =
          "local count = 0 for _, key in ipairs(redis.call('KEYS', '{postern}:family:*')) do "
          "if redis.call('HGET', key, 'ended') == '1' then count = count + 1 end end return tostring(count)";
      return server.ask({"EVAL", script, "0"});
    };
    CHECK(marked() == (count == at_once ? std::to_string(count) : "0"));
    waiting.begin(family_of("later"), hash_of(5), 1500);
    Family foreign = family_of("foreign");
    foreign.issuer = "https://other.example";
    waiting.begin(foreign, hash_of(7), 1500);
    const auto check_all = [&] {
      CHECK(waiting.find("named", hash_of(1), 1100).presented == Presented::family_ended);
      CHECK(waiting.find("named", hash_of(1), 1100).family->ended);
      CHECK(waiting.rotate(rotation_of("named", 1, 2, 1100)).presented == Presented::family_ended);
      CHECK(waiting.find("later", hash_of(5), 1100).presented == Presented::current);
      CHECK(waiting.find("foreign", hash_of(7), 1100).presented == Presented::current);
    };
    check_all();
    // Kept, though it has expired, until all are marked.
    const auto is_kept = [&] {
      const char* const script = "return tostring(#redis.call('XRANGE', '{postern}:feed', ARGV[1], ARGV[1]))";
      return server.ask({"EVAL", script, "0", std::to_string(number) + "-0"}) == "1";
    };
    if (count > at_once) {
      waiting.sweep(3000, 100);
      CHECK(is_kept());
      check_all();
    }
    for (int piece = 0; piece < 100 && waiting.sweep(3000, 100) > 0; ++piece) {
    }
    CHECK(marked() == std::to_string(count));
    CHECK(server.ask({"EXISTS", "{postern}:endings"}) == "0");
    waiting.sweep(3000);
    CHECK_FALSE(is_kept());
  }
}

}  // namespace postern::state
