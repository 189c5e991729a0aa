#include "state/revocation_table.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <limits>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace postern::state {
namespace {

using Kind = Revocation::Kind;

constexpr SipKey hash_key{1, 2};
constexpr Millis until = 9000;

Revocation revocation(Kind kind, std::string value, std::optional<Millis> before = {}) {
  return {kind, "issuer", std::move(value), before, until};
}

Revocation numbered(std::size_t number) {
  return revocation(Kind::jti, std::to_string(number));
}

// A table and one reader of it.
struct Reading {
  RevocationTable table{hash_key};
  RevocationTable::View view;

  void insert(const Revocation& one) { table.insert({&one, 1}); }

  Fingerprints token(std::string_view issuer = "issuer", std::uint32_t issued_at = 5) const {
    return {.jti = table.fingerprint(Kind::jti, issuer, "j"),
            .sid = table.fingerprint(Kind::sid, issuer, "s"),
            .sub = table.fingerprint(Kind::sub, issuer, "u"),
            .kid = table.fingerprint(Kind::kid, issuer, "k"),
            .issuer = table.fingerprint(Kind::issuer, issuer, ""),
            .issued_at = issued_at};
  }
  bool revokes(const Fingerprints& fingerprints) { return table.revokes(fingerprints, view); }
  bool revokes_issued_at(std::uint32_t issued_at) { return revokes(token("issuer", issued_at)); }
  bool revokes_number(std::size_t number) {
    Fingerprints one;
    one.jti = table.fingerprint(Kind::jti, "issuer", std::to_string(number));
    return revokes(one);
  }
};

}  // namespace

TEST_CASE("Each kind of revocation hits its own claim and no other") {
  struct Row {
    Kind kind;
    std::string hit;
  };
  for (const Row& row : {Row{Kind::jti, "j"}, Row{Kind::sid, "s"}, Row{Kind::sub, "u"}, Row{Kind::kid, "k"}}) {
    for (const std::string value : {"j", "s", "u", "k", "", "x"}) {
      CAPTURE(static_cast<int>(row.kind));
      CAPTURE(value);
      Reading reading;
      reading.insert(revocation(row.kind, value));
      CHECK(reading.revokes(reading.token()) == (value == row.hit));
      CHECK_FALSE(reading.revokes(reading.token("another issuer")));
    }
  }
}

TEST_CASE("Issuer and value are kept apart") {
  const RevocationTable table(hash_key);
  CHECK(table.fingerprint(Kind::jti, "ab", "c") != table.fingerprint(Kind::jti, "a", "bc"));
  CHECK(table.fingerprint(Kind::jti, "a", "") != table.fingerprint(Kind::jti, "", "a"));
  CHECK(RevocationTable().fingerprint(Kind::jti, "a", "b") != RevocationTable().fingerprint(Kind::jti, "a", "b"));
}

TEST_CASE("An empty table revokes nothing, and no revocation hits a claim that is absent") {
  Reading reading;
  CHECK_FALSE(reading.revokes(reading.token()));
  for (const Kind kind : {Kind::jti, Kind::sid, Kind::sub, Kind::kid}) reading.insert(revocation(kind, ""));
  reading.insert(revocation(Kind::issuer, "", 0));
  CHECK_FALSE(reading.revokes(Fingerprints{}));
}

TEST_CASE("Tokens issued before the instant are revoked, and those without an instant of issue") {
  for (const Kind kind : {Kind::sub, Kind::issuer}) {
    Reading reading;
    reading.insert(revocation(kind, kind == Kind::sub ? "u" : "", 5000));
    CHECK(reading.revokes_issued_at(4));
    CHECK_FALSE(reading.revokes_issued_at(5));
    CHECK_FALSE(reading.revokes_issued_at(6));
    CHECK(reading.revokes_issued_at(0));
    CHECK_FALSE(reading.revokes(reading.token("another issuer", 4)));
  }
}

TEST_CASE("An instant within a second revokes what was issued in it") {
  Reading reading;
  reading.insert(revocation(Kind::sub, "u", 5001));
  CHECK(reading.revokes_issued_at(5));
  CHECK_FALSE(reading.revokes_issued_at(6));
}

TEST_CASE("A token without an instant of issue is earlier than the beginning of time") {
  Reading reading;
  reading.insert(revocation(Kind::issuer, "", 0));
  CHECK(reading.revokes_issued_at(0));
  CHECK_FALSE(reading.revokes_issued_at(1));
}

TEST_CASE("A revocation without an instant holds for tokens of any time") {
  Reading reading;
  reading.insert(revocation(Kind::sub, "u"));
  CHECK(reading.revokes_issued_at(0));
  CHECK(reading.revokes_issued_at(std::numeric_limits<std::uint32_t>::max()));
}

TEST_CASE("Of two revocations of one name the stronger instants hold") {
  Reading reading;
  reading.insert({Kind::sub, "issuer", "u", 5000, 20'000});
  reading.insert({Kind::sub, "issuer", "u", 3000, 10'000});
  CHECK(reading.table.size() == 1);
  CHECK(reading.revokes_issued_at(4));
  reading.table.forget_expired(19'999);
  CHECK(reading.revokes_issued_at(4));
  reading.insert({Kind::sub, "issuer", "u", 7000, 0});
  CHECK(reading.revokes_issued_at(6));
  CHECK_FALSE(reading.revokes_issued_at(7));
  reading.insert({Kind::sub, "issuer", "u", {}, 0});
  reading.insert({Kind::sub, "issuer", "u", 1000, 0});
  CHECK(reading.revokes_issued_at(7));
}

TEST_CASE(
    "A revocation of all tokens to come ends at its own time, whatever lasts longer for those before an instant") {
  const Revocation all{Kind::sub, "issuer", "u", {}, 9000}, earlier{Kind::sub, "issuer", "u", 5000, 20'000};
  for (const auto& [first, second] : {std::pair(all, earlier), std::pair(earlier, all)}) {
    Reading reading;
    reading.insert(first);
    reading.insert(second);
    CHECK(reading.table.size() == 2);
    for (std::size_t i = 0; i < 100; ++i) reading.insert(numbered(i));  // it grows
    CHECK(reading.revokes_issued_at(4));
    CHECK(reading.revokes_issued_at(5));
    CHECK_FALSE(reading.revokes(reading.token("another issuer")));
    reading.insert(first);
    reading.insert(second);
    CHECK(reading.table.size() == 102);
    reading.table.forget_expired(8999);
    CHECK(reading.revokes_issued_at(5));
    reading.table.forget_expired(9000);
    CHECK(reading.table.size() == 1);
    CHECK(reading.revokes_issued_at(4));
    CHECK_FALSE(reading.revokes_issued_at(5));
    reading.insert(all);
    CHECK(reading.revokes_issued_at(5));
    reading.table.forget_expired(19'999);
    CHECK(reading.revokes_issued_at(4));
    CHECK_FALSE(reading.revokes_issued_at(5));
    reading.table.forget_expired(20'000);
    CHECK(reading.table.size() == 0);
  }
}

TEST_CASE("A revocation of all tokens to come outlives one of those before an instant") {
  Reading reading;
  reading.insert({Kind::issuer, "issuer", "", 5000, 9000});
  reading.insert({Kind::issuer, "issuer", "", {}, 20'000});
  reading.table.forget_expired(19'999);
  CHECK(reading.revokes_issued_at(7));
  reading.table.forget_expired(20'000);
  CHECK_FALSE(reading.revokes_issued_at(4));
}

TEST_CASE("A subject that is revoked stays so for readers while its tokens before an instant are revoked as well") {
  RevocationTable table(hash_key);
  const Revocation all = revocation(Kind::sub, "u");
  table.insert({&all, 1});
  Fingerprints token;
  token.sub = table.fingerprint(Kind::sub, "issuer", "u");
  token.issued_at = std::numeric_limits<std::uint32_t>::max();
  std::atomic<bool> begun{false}, ended{false};
  std::size_t missed = 0;
  std::thread reader([&] {
    RevocationTable::View view;
    while (!ended) {
      if (!table.revokes(token, view)) ++missed;
      begun = true;
    }
  });
  while (!begun) std::this_thread::yield();
  const Revocation earlier = revocation(Kind::sub, "u", 5000);
  table.insert({&earlier, 1});
  ended = true;
  reader.join();
  CHECK(missed == 0);
}

TEST_CASE("An entry is forgotten when its time is over, and not before") {
  Reading reading;
  reading.insert({Kind::jti, "issuer", "j", {}, 8000});
  reading.insert({Kind::sid, "issuer", "s", {}, 9000});
  Fingerprints session;
  session.sid = reading.token().sid;
  Fingerprints token;
  token.jti = reading.token().jti;
  reading.table.forget_expired(7999);
  CHECK(reading.revokes(token));
  CHECK(reading.table.size() == 2);
  reading.table.forget_expired(8000);
  CHECK_FALSE(reading.revokes(token));
  CHECK(reading.revokes(session));
  CHECK(reading.table.size() == 1);
  reading.table.forget_expired(9000);
  CHECK_FALSE(reading.revokes(session));
  CHECK(reading.table.size() == 0);
}

TEST_CASE("What lasts longer than seconds of 32 bits tell is never forgotten") {
  Reading reading;
  reading.insert({Kind::jti, "issuer", "j", {}, 253402300799'000});
  reading.table.forget_expired(253402300799'000);
  CHECK(reading.revokes(reading.token()));
}

TEST_CASE("The epoch changes with each insertion, and not with forgetting") {
  Reading reading;
  const std::uint64_t empty = reading.table.epoch();
  reading.insert(numbered(0));
  const std::uint64_t one = reading.table.epoch();
  CHECK(one != empty);
  reading.insert(numbered(0));
  CHECK(reading.table.epoch() != one);
  const std::uint64_t again = reading.table.epoch();
  reading.table.forget_expired(until);
  CHECK(reading.table.epoch() == again);
}

TEST_CASE("A table that doubles many times loses no entry, and uses at most three of four slots") {
  Reading reading;
  CHECK(reading.table.bytes() == 16 * 16);
  constexpr std::size_t many = 16 * 1024 * 3 / 4;
  for (std::size_t i = 0; i < many; ++i) reading.insert(numbered(i));
  CHECK(reading.table.size() == many);
  CHECK(reading.table.bytes() == 16 * 1024 * 16);
  reading.insert(numbered(many));
  CHECK(reading.table.bytes() == 2 * 16 * 1024 * 16);
  std::size_t found = 0;
  for (std::size_t i = 0; i <= many; ++i) found += reading.revokes_number(i) ? 1 : 0;
  CHECK(found == many + 1);
  CHECK_FALSE(reading.revokes_number(many + 1));
  reading.table.forget_expired(until);
  CHECK(reading.table.bytes() == 16 * 16);
}

// Each insertion ends with one revocation that stays; those before it have expired already, so that the table moves to
// new slots by growing and by forgetting while it is read.
TEST_CASE("Readers miss nothing of an epoch that they have seen, while one thread writes") {
  constexpr std::size_t many = 4000;
  constexpr std::size_t readers = 4;
  RevocationTable table(hash_key);
  const std::uint64_t begun = table.epoch();
  std::vector<Fingerprints> tokens(many);
  for (std::size_t i = 0; i < many; ++i) {
    tokens[i].jti = table.fingerprint(Kind::jti, "issuer", std::to_string(i));
  }
  std::atomic<std::size_t> missed{0}, reading{0};
  const auto read = [&](std::size_t step) {
    RevocationTable::View view;
    std::size_t known = 0, at = 0;
    ++reading;
    while (known < many) {
      known = table.epoch() - begun;
      if (known == 0) continue;
      if (!table.revokes(tokens[known - 1], view)) ++missed;
      at = (at + step) % known;
      if (!table.revokes(tokens[at], view)) ++missed;
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < readers; ++i) threads.emplace_back(read, 7919 + i);
  while (reading < readers) std::this_thread::yield();
  std::vector<Revocation> batch;
  for (std::size_t i = 0; i < 50; ++i) batch.push_back({Kind::sid, "issuer", std::to_string(i), {}, 1000});
  for (std::size_t i = 0; i < many; ++i) {
    batch.back() = numbered(i);
    table.insert(batch);
    if (i % 500 == 0) table.forget_expired(1000);
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(missed == 0);
  table.forget_expired(1000);
  CHECK(table.size() == many);
}

}  // namespace postern::state
