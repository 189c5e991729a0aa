#include "state/redis/sentinel.hpp"

#include <doctest/doctest.h>

using namespace postern;
using namespace postern::state;
using namespace postern::state::redis;

namespace {

Reply pair_of(std::string host, std::string port) {
  return {Reply::Type::list,
          0,
          {},
          {{Reply::Type::text, 0, std::move(host), {}}, {Reply::Type::text, 0, std::move(port), {}}}};
}

StoreError refusal_of(const Reply& reply) {
  const auto master = read_master(reply, "mymaster");
  REQUIRE_FALSE(master.has_value());
  return master.error();
}

}  // namespace

TEST_CASE("Sentinel is asked for the master by its name") {
  CHECK(ask_for_master("mymaster") == Words{"SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster"});
}

TEST_CASE("Sentinel names a master by host and port") {
  CHECK(read_master(pair_of("10.0.0.7", "1"), "mymaster") == conf::RedisAddress{"10.0.0.7", 1});
  CHECK(read_master(pair_of("2001:db8::1", "65535"), "mymaster") == conf::RedisAddress{"2001:db8::1", 65535});
}

TEST_CASE("a Sentinel that refuses, knows no such master or makes no sense gives none") {
  using Kind = StoreError::Kind;
  CHECK(refusal_of({Reply::Type::error, 0, "NOAUTH Authentication required.", {}}).kind == Kind::refused);
  CHECK(refusal_of({}).kind == Kind::unreachable);
  CHECK(refusal_of({}).detail == "Sentinel knows no master `mymaster`");
  for (const Reply& reply : {pair_of("h", "0"), pair_of("h", "65536"), pair_of("h", "x"), pair_of("", "1"),
                             Reply{Reply::Type::list, 0, {}, {}}, Reply{Reply::Type::text, 0, "h:1", {}},
                             Reply{Reply::Type::list, 0, {}, {{}, {}}}}) {
    CHECK(refusal_of(reply).kind == Kind::damaged);
  }
}
