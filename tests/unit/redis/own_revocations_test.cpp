#include "state/redis/own_revocations.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <utility>

using namespace postern::state;
using namespace postern::state::redis;

namespace {

Revocation revocation(std::string sid, Millis until = 1'000'000) {
  return {Revocation::Kind::sid, "https://id.example", std::move(sid), {}, until};
}

SequencedRevocation numbered(std::uint64_t number, std::string sid) {
  return {number, revocation(std::move(sid))};
}

std::vector<std::string> lost(const std::vector<Revocation>& own, const std::vector<SequencedRevocation>& all,
                              Millis now = 0) {
  std::vector<std::string> sids;
  for (const Revocation& one : lost_revocations(own, all, now)) sids.push_back(one.value);
  return sids;
}

}  // namespace

TEST_CASE("a minute of revocations is kept") {
  OwnRevocations own;
  own.add(revocation("a"), 1000);
  own.add(revocation("b"), 2000);
  CHECK(own.recent(60'999).size() == 2);
  CHECK(own.recent(61'000) == std::vector<Revocation>{revocation("b")});
  CHECK(own.recent(62'000).empty());
}

TEST_CASE("what is said again is kept once, and no longer for that") {
  OwnRevocations own;
  own.add(revocation("a"), 1000);
  own.add(revocation("a"), 30'000);
  CHECK(own.recent(30'000).size() == 1);
  CHECK(own.recent(61'000).empty());
  own.add(revocation("a"), 61'000);
  own.add(revocation("a", 2'000'000), 61'000);
  CHECK(own.recent(61'000).size() == 2);
}

TEST_CASE("200,000 at once take no longer than so many one by one") {
  OwnRevocations own;
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 200'000; ++i) own.add(revocation(std::to_string(i)), 1000);
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(20));
  CHECK(own.recent(1000).size() == 200'000);
  CHECK(own.recent(61'000).empty());
}

TEST_CASE("what a server does not have, under whatever number, was lost") {
  const std::vector<Revocation> own{revocation("a"), revocation("b")};
  CHECK(lost(own, {numbered(1, "x"), numbered(3, "a"), numbered(4, "y"), numbered(5, "b")}).empty());
  CHECK(lost(own, {numbered(1, "x"), numbered(3, "a")}) == std::vector<std::string>{"b"});
  CHECK(lost(own, {numbered(3, "x"), numbered(5, "b")}) == std::vector<std::string>{"a"});
  CHECK(lost(own, {}) == std::vector<std::string>{"a", "b"});
  CHECK(lost({}, {numbered(1, "x")}).empty());
}

TEST_CASE("what has expired is not missed") {
  CHECK(lost({revocation("a", 1000)}, {}, 999) == std::vector<std::string>{"a"});
  CHECK(lost({revocation("a", 1000)}, {}, 1000).empty());
}
