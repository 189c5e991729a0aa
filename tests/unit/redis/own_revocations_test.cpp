#include "state/redis/own_revocations.hpp"

#include <doctest/doctest.h>

using namespace postern::state;
using namespace postern::state::redis;

namespace {

SequencedRevocation revocation(std::uint64_t number, const char* sid, Millis until = 1'000'000) {
  return {number, {Revocation::Kind::sid, "https://id.example", sid, {}, until}};
}

std::vector<std::string> lost(const std::vector<SequencedRevocation>& own, const std::vector<SequencedRevocation>& all,
                              Millis now = 0) {
  std::vector<std::string> sids;
  for (const Revocation& one : lost_revocations(own, all, now)) sids.push_back(one.value);
  return sids;
}

}  // namespace

TEST_CASE("a minute of revocations is kept") {
  OwnRevocations own;
  own.add(revocation(1, "a"), 1000);
  own.add(revocation(2, "b"), 2000);
  CHECK(own.recent(60'999).size() == 2);
  CHECK(own.recent(61'000).size() == 1);
  CHECK(own.recent(62'000).empty());
}

TEST_CASE("what is said again is kept once, and no longer for that") {
  OwnRevocations own;
  own.add(revocation(1, "a"), 1000);
  own.add(revocation(7, "a"), 30'000);
  CHECK(own.recent(30'000).size() == 1);
  CHECK(own.recent(61'000).empty());
  own.add(revocation(7, "a"), 61'000);
  own.add(revocation(8, "a", 2'000'000), 61'000);
  CHECK(own.recent(61'000).size() == 2);
}

TEST_CASE("what a server does not have under its number was lost") {
  const std::vector<SequencedRevocation> own{revocation(3, "a"), revocation(5, "b")};
  CHECK(lost(own, {revocation(1, "x"), revocation(3, "a"), revocation(4, "y"), revocation(5, "b")}).empty());
  CHECK(lost(own, {revocation(1, "x"), revocation(3, "a")}) == std::vector<std::string>{"b"});
  CHECK(lost(own, {revocation(3, "x"), revocation(5, "b")}) == std::vector<std::string>{"a"});
  CHECK(lost(own, {revocation(2, "a"), revocation(4, "b")}) == std::vector<std::string>{"a", "b"});
  CHECK(lost(own, {}) == std::vector<std::string>{"a", "b"});
  CHECK(lost({}, {revocation(1, "x")}).empty());
}

TEST_CASE("what has expired is not missed") {
  CHECK(lost({revocation(3, "a", 1000)}, {}, 999) == std::vector<std::string>{"a"});
  CHECK(lost({revocation(3, "a", 1000)}, {}, 1000).empty());
}
