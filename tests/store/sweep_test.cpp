#include "base/clock.hpp"
#include "tests/store/stores.hpp"

namespace postern::state {
namespace {

constexpr Millis gone = 5000 + kept_after_end;  // of family_of()

}  // namespace

TEST_CASE_TEMPLATE("What has expired is swept at that instant, and nothing before", Place, STORES) {
  const Place place;
  const auto store = place.open();
  const Waiting waiting{*store};
  waiting.begin(family_of("s"), hash_of(1), 1500);
  waiting.rotate(rotation_of("s", 1, 2, 1100));  // sealed until 1110, the successor until 1600
  waiting.revoke({Revocation::Kind::jti, "https://id.example", "j", {}, 2000});
  waiting.count({{"a", 1, 1200}}, 1000);
  CHECK(waiting.sweep(1109) == 0);
  CHECK(waiting.rotate(rotation_of("s", 1, 3, 1109)).presented == Presented::within_grace);
  CHECK(waiting.sweep(1110) == 1);  // the sealed successor
  CHECK(waiting.rotate(rotation_of("s", 1, 3, 1109)).presented == Presented::unknown);
  CHECK(waiting.sweep(1499) == 0);
  CHECK(waiting.sweep(1500) == 1);  // the used token
  CHECK(waiting.find("s", hash_of(1), 1200).presented == Presented::unknown);
  CHECK(waiting.sweep(1999) == 0);
  CHECK(waiting.sweep(2000) == 1);  // the revocation
  CHECK(waiting.sweep(2199) == 0);
  CHECK(waiting.sweep(2200) == 1);  // the counter
  CHECK(waiting.sweep(4999) == 0);
  CHECK(waiting.find("s", hash_of(2), 4999).presented == Presented::expired);
  CHECK(waiting.reissue(rotation_of("s", 2, 3, 4999)).presented == Presented::current);
  CHECK(waiting.sweep(5008) == 0);
  CHECK(waiting.sweep(5009) == 2);  // that one and its sealed successor
  CHECK(waiting.sweep(gone - 1) == 0);
  CHECK(waiting.find("s", hash_of(3), 5000).presented == Presented::family_over);
  CHECK(waiting.sweep(gone) == 2);  // the family and its last token
  CHECK(waiting.find("s", hash_of(3), 1000).family == std::nullopt);
}

TEST_CASE_TEMPLATE("Before anything is to be forgotten sealed successors are swept, and nothing else", Place, STORES) {
  const Place place;
  const auto store = place.open();
  const Waiting waiting{*store};
  waiting.begin(family_of("s"), hash_of(1), 1500);
  waiting.rotate(rotation_of("s", 1, 2, 1100));
  waiting.revoke({Revocation::Kind::jti, "https://id.example", "j", {}, 2000});
  waiting.count({{"a", 1, 1200}}, 1000);
  waiting.add_key({"k", "ES256", Secret("the PEM"), 10, 20, 30, 40}, 0);
  const auto sweep = [&](Believed time) {
    Answer<std::size_t> answer;
    store->sweep(time, 1000, answer.done());
    return answer.value();
  };
  CHECK(sweep({1109, 0}) == 0);
  CHECK(sweep({2 * gone, 0}) == 1);
  CHECK(waiting.rotate(rotation_of("s", 1, 3, 1109)).presented == Presented::unknown);
  CHECK(sweep({2 * gone, 0}) == 0);
  CHECK(waiting.find("s", hash_of(2), 1100).presented == Presented::current);
  CHECK(waiting.keys().keys.size() == 1);
  CHECK(waiting.sweep(gone) == 6);
}

TEST_CASE_TEMPLATE("A session that is over is still found while its last access token may be accepted", Place, STORES) {
  const Place place;
  const auto store = place.open();
  const Waiting waiting{*store};
  waiting.begin(family_of("s"), hash_of(1), 5000);
  const auto end_all = [&] { return waiting.end_sessions("https://id.example", "ann", gone + 900).size(); };
  SUBCASE("until then") {
    CHECK(waiting.sweep(gone - 1) == 0);
    CHECK(end_all() == 1);
  }
  SUBCASE("from then on it is not") {
    CHECK(waiting.sweep(gone) == 2);
    CHECK(end_all() == 0);
  }
}

TEST_CASE_TEMPLATE("A sweep removes no more than it is told to", Place, STORES) {
  const Place place;
  const auto store = place.open();
  const Waiting waiting{*store};
  for (std::uint64_t i = 0; i < 4; ++i) {
    waiting.begin(family_of("s" + std::to_string(i)), hash_of(i), 1500);
    waiting.revoke({Revocation::Kind::jti, "https://id.example", "j", {}, 2000});
  }
  CHECK(waiting.sweep(gone, 5) == 5);
  CHECK(waiting.sweep(gone, 6) == 6);
  CHECK(waiting.sweep(gone, 2) == 1);
  CHECK(waiting.sweep(gone, 2) == 0);
}

TEST_CASE_TEMPLATE("A sweep in pieces removes as much as it may until nothing is left", Place, STORES) {
  const Place place;
  const auto store = place.open();
  const Waiting waiting{*store};
  for (std::uint64_t i = 0; i < 7; ++i) {
    const std::string sid = "s" + std::to_string(i);
    waiting.begin(family_of(sid), hash_of(10 * i), 1500);
    for (std::uint64_t used = 10 * i; used < 11 * i; ++used) {
      CHECK(waiting.rotate(rotation_of(sid, used, used + 1, 1100)).presented == Presented::current);
    }
  }
  const std::size_t all = waiting.sweep(1400, 1000);  // sealed successors, which are no rows of their own
  CHECK(all == 21);
  for (std::size_t left = 7 + 7 + 21; left > 0; left -= std::min<std::size_t>(left, 3)) {
    CHECK(waiting.sweep(gone, 3) == std::min<std::size_t>(left, 3));
  }
  CHECK(waiting.sweep(gone, 3) == 0);
}

TEST_CASE("For a caller whose clock is ahead Redis sweeps what has expired by its own") {
  constexpr Millis day = 86'400'000;
  const RedisPlace place;
  const auto store = place.open();
  const Waiting waiting{*store};
  const Millis now = unix_milliseconds();
  Family family = family_of("s");
  family.ends = now + day;
  waiting.begin(family, hash_of(1), now + day);
  waiting.revoke({Revocation::Kind::jti, "https://id.example", "over", {}, now - 1});
  waiting.revoke({Revocation::Kind::jti, "https://id.example", "good", {}, now + day});
  CHECK(waiting.sweep(now + 2 * day) == 1);
  CHECK(waiting.sweep(now + 2 * day) == 0);
  CHECK(waiting.find("s", hash_of(1), now).presented == Presented::current);
}

}  // namespace postern::state
