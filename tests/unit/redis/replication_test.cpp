#include "state/redis/replication.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace postern::state;
using namespace postern::state::redis;

namespace {

Reply integer(std::int64_t value) {
  return {Reply::Type::integer, value, {}, {}};
}

}  // namespace

TEST_CASE("sessions, revocations and signing keys wait for replicas; what only counts, reads or sweeps does not") {
  const auto must_last = [](Script script) { return loss_of(script) == Loss::never; };
  CHECK(std::count_if(all_scripts.begin(), all_scripts.end(), must_last) == 5);
  CHECK(must_last(Script::rotate));
  CHECK_FALSE(must_last(Script::find));
}

TEST_CASE("replicas are waited for during half of a call's time") {
  CHECK(wait_command(2, std::chrono::milliseconds(1000)) == Words{"WAIT", "2", "500"});
  CHECK(wait_command(16, std::chrono::milliseconds(51)) == Words{"WAIT", "16", "25"});
}

TEST_CASE("a call that too few replicas have is not a success") {
  using Kind = StoreError::Kind;
  CHECK_FALSE(judge_wait(integer(2), 2));
  CHECK_FALSE(judge_wait(integer(3), 2));
  const MaybeError few = judge_wait(integer(1), 2);
  REQUIRE(few);
  CHECK(few->kind == Kind::read_only);
  CHECK(few->detail == "1 of 2 replicas of Redis have the call in time");
  CHECK(judge_wait({Reply::Type::error, 0, "NOPERM no", {}}, 1)->kind == Kind::refused);
  CHECK(judge_wait({Reply::Type::text, 0, "2", {}}, 1)->kind == Kind::damaged);
}
