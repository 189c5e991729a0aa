#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <vector>

#include "tests/store/stores.hpp"

namespace postern::state {
namespace {

const std::string issuer = "https://id.example";

Revocation revocation_named(Revocation::Kind kind, std::string value, std::optional<Millis> before = {}) {
  return {kind, issuer, std::move(value), before, 9'000'000};
}

// What a follower was told, in order.
struct Told {
  Follower follower() {
    const auto keep = [this](std::vector<SequencedRevocation> more, int& count) {
      const std::lock_guard lock(mutex);
      ++count;
      for (auto& one : more) entries.push_back(std::move(one));
      changed.notify_all();
    };
    return {.complete = [this, keep](std::vector<SequencedRevocation> all) { keep(std::move(all), completed); },
            .added = [this, keep](std::vector<SequencedRevocation> more) { keep(std::move(more), added); },
            .caught_up =
                [this](Millis now) {
                  const std::lock_guard lock(mutex);
                  caught_up = now;
                  changed.notify_all();
                },
            .failed = [this](const StoreError&) { ++failures; }};
  }
  void wait_for(std::size_t count) {
    std::unique_lock lock(mutex);
    REQUIRE(changed.wait_for(lock, patience, [&] { return entries.size() >= count && caught_up > 0; }));
  }

  std::mutex mutex;
  std::condition_variable changed;
  std::vector<SequencedRevocation> entries;
  int completed = 0, added = 0;
  Millis caught_up = 0;
  std::atomic<int> failures = 0;
};

}  // namespace

TEST_CASE_TEMPLATE("A follower is told of all that is there, then of what is new, each as it was said", Place, STORES) {
  const Place place;
  Told told;
  const auto store = place.open();
  const auto other = place.open();
  const std::vector<Revocation> said{
      revocation_named(Revocation::Kind::jti, "j"), revocation_named(Revocation::Kind::sid, "s"),
      revocation_named(Revocation::Kind::sub, "u", 7), revocation_named(Revocation::Kind::kid, "k"),
      revocation_named(Revocation::Kind::issuer, "", 1'000)};
  Waiting{*store}.revoke(said[0]);
  Waiting{*store}.revoke(said[1]);
  store->follow(told.follower());
  told.wait_for(2);
  CHECK(told.completed == 1);
  CHECK(told.added == 0);
  Waiting{*store}.revoke(said[2]);  // its own
  told.wait_for(3);
  Waiting{*other}.revoke(said[3]);
  const std::uint64_t last = Waiting{*other}.revoke(said[4]);
  told.wait_for(5);
  const std::lock_guard lock(told.mutex);
  CHECK(told.completed == 1);
  REQUIRE(told.entries.size() == 5);
  for (std::size_t i = 0; i < 5; ++i) CHECK(told.entries[i].revocation == said[i]);
  CHECK(told.entries.back().sequence == last);
  CHECK(told.failures == 0);
}

TEST_CASE_TEMPLATE("A follower of an empty store is told so", Place, STORES) {
  const Place place;
  Told told;
  const auto store = place.open();
  store->follow(told.follower());
  told.wait_for(0);
  const std::lock_guard lock(told.mutex);
  CHECK(told.completed == 1);
  CHECK(told.entries.empty());
}

TEST_CASE_TEMPLATE("Two followers are told of 10,000 revocations of two writers, in one order, without a gap", Place,
                   STORES) {
  const Place place;
  Told first_told, second_told;
  const auto first = place.open();
  const auto second = place.open();
  first->follow(first_told.follower());
  second->follow(second_told.follower());
  const auto write = [&](Store& store, const std::string& name) {
    for (int i = 0; i < 5'000; i += 500) {
      std::vector<Answer<std::uint64_t>> answers(500);
      for (int j = 0; j < 500; ++j) {
        store.revoke(revocation_named(Revocation::Kind::jti, name + std::to_string(i + j)),
                     answers[static_cast<std::size_t>(j)].done());
      }
      for (auto& answer : answers) answer.value();
    }
  };
  auto second_written = std::async(std::launch::async, [&] { write(*second, "second "); });
  write(*first, "first ");
  second_written.get();
  first_told.wait_for(10'000);
  second_told.wait_for(10'000);
  const std::scoped_lock lock(first_told.mutex, second_told.mutex);
  REQUIRE(first_told.entries.size() == 10'000);
  REQUIRE(second_told.entries.size() == 10'000);
  int out_of_order = 0, different = 0;
  for (std::size_t i = 0; i < 10'000; ++i) {
    out_of_order += first_told.entries[i].sequence != first_told.entries.front().sequence + i;
    different += !(first_told.entries[i].revocation == second_told.entries[i].revocation);
  }
  CHECK(out_of_order == 0);
  CHECK(different == 0);
}

TEST_CASE_TEMPLATE("The reuse of a token revokes its session for every follower", Place, STORES) {
  const Place place;
  Told told;
  const auto store = place.open();
  const auto other = place.open();
  other->follow(told.follower());
  const Waiting waiting{*store};
  waiting.begin(family_of("s"), hash_of(1), 1500);
  waiting.rotate(rotation_of("s", 1, 2, 1100));
  CHECK(waiting.rotate(rotation_of("s", 1, 3, 1200)).presented == Presented::reused);
  told.wait_for(1);
  // Whoever was told finds the session ended: both are one step.
  CHECK(Waiting{*other}.find("s", hash_of(2), 1200).presented == Presented::family_ended);
  CHECK(waiting.rotate(rotation_of("s", 1, 3, 1200)).presented == Presented::family_ended);
  const std::lock_guard lock(told.mutex);
  REQUIRE(told.entries.size() == 1);
  CHECK(told.entries[0].revocation == Revocation{Revocation::Kind::sid, issuer, "s", {}, 2100});
}

TEST_CASE_TEMPLATE("Revoking a session, a subject or an issuer ends the families that it names", Place, STORES) {
  const Place place;
  const auto store = place.open();
  const Waiting waiting{*store};
  const auto begin = [&](const std::string& sid, const std::string& subject, std::uint64_t token, Millis began) {
    Family family = family_of(sid, subject);
    family.began = began;
    waiting.begin(family, hash_of(token), 1500);
  };
  begin("s1", "ann", 1, 1000);
  begin("s2", "ann", 2, 1000);
  begin("s3", "ann", 3, 1001);
  begin("s4", "bob", 4, 1000);
  const auto is_ended = [&](const std::string& sid, std::uint64_t token) {
    return waiting.find(sid, hash_of(token), 1100).presented == Presented::family_ended;
  };
  const auto ended = [&] {
    return std::vector<bool>{is_ended("s1", 1), is_ended("s2", 2), is_ended("s3", 3), is_ended("s4", 4)};
  };
  waiting.revoke({Revocation::Kind::sid, "https://other.example", "s1", {}, 9000});
  waiting.revoke({Revocation::Kind::sub, "https://other.example", "ann", {}, 9000});
  waiting.revoke(revocation_named(Revocation::Kind::jti, "s1"));
  waiting.revoke(revocation_named(Revocation::Kind::kid, "ann"));
  waiting.revoke({Revocation::Kind::issuer, "https://other.example", "", 9000, 9000});
  waiting.revoke(revocation_named(Revocation::Kind::issuer, "", 1000));
  CHECK(ended() == std::vector<bool>{false, false, false, false});
  waiting.revoke(revocation_named(Revocation::Kind::sid, "s1"));
  CHECK(ended() == std::vector<bool>{true, false, false, false});
  waiting.revoke(revocation_named(Revocation::Kind::sub, "ann", 1001));
  CHECK(ended() == std::vector<bool>{true, true, false, false});
  waiting.revoke(revocation_named(Revocation::Kind::sub, "ann"));
  CHECK(ended() == std::vector<bool>{true, true, true, false});
  waiting.revoke(revocation_named(Revocation::Kind::issuer, "", 1001));
  CHECK(ended() == std::vector<bool>{true, true, true, true});
}

TEST_CASE_TEMPLATE("A session that has ended is not revoked again", Place, STORES) {
  const Place place;
  const auto store = place.open();
  const Waiting waiting{*store};
  waiting.begin(family_of("s"), hash_of(1), 1500);
  const std::uint64_t first = waiting.revoke(revocation_named(Revocation::Kind::sid, "s"));
  CHECK(waiting.revoke(revocation_named(Revocation::Kind::sid, "s")) == first);
  CHECK(waiting.revoke(revocation_named(Revocation::Kind::sid, "t")) == first + 1);  // nobody knows that one
  CHECK(waiting.revoke(revocation_named(Revocation::Kind::sid, "t")) == first + 1);
  Revocation foreign = revocation_named(Revocation::Kind::sid, "t");
  foreign.issuer = "https://other.example";
  CHECK(waiting.revoke(foreign) == first + 2);
  CHECK(waiting.revoke(revocation_named(Revocation::Kind::sid, "s")) == first + 2);
}

TEST_CASE_TEMPLATE("A session that its subject's revocation ended is revoked by name: later tokens of it are good",
                   Place, STORES) {
  const Place place;
  Told told;
  const auto store = place.open();
  const auto other = place.open();
  other->follow(told.follower());
  const Waiting waiting{*store};
  waiting.begin(family_of("s"), hash_of(1), 1500);
  const std::uint64_t first = waiting.revoke(revocation_named(Revocation::Kind::sub, "ann", 1001));
  CHECK(waiting.find("s", hash_of(1), 1100).presented == Presented::family_ended);
  CHECK(waiting.revoke(revocation_named(Revocation::Kind::sid, "s")) == first + 1);
  CHECK(waiting.revoke(revocation_named(Revocation::Kind::sid, "s")) == first + 1);
  told.wait_for(2);
  const std::lock_guard lock(told.mutex);
  REQUIRE(told.entries.size() == 2);
  CHECK(told.entries[1].sequence == first + 1);
  CHECK(told.entries[1].revocation == revocation_named(Revocation::Kind::sid, "s"));
}

TEST_CASE_TEMPLATE("A session's revocation is kept again when it is to last longer, or when the first was swept", Place,
                   STORES) {
  const Place place;
  const auto store = place.open();
  const Waiting waiting{*store};
  waiting.begin(family_of("s"), hash_of(1), 1500);
  const auto revoke = [&](Millis until) { return waiting.revoke({Revocation::Kind::sid, issuer, "s", {}, until}); };
  const std::uint64_t first = revoke(2000);
  CHECK(revoke(1999) == first);
  CHECK(revoke(2000) == first);
  CHECK(revoke(2001) == first + 1);
  CHECK(revoke(2001) == first + 1);
  CHECK(revoke(2000) == first + 1);
  CHECK(waiting.sweep(2000) == 1);
  CHECK(revoke(2001) == first + 1);
  CHECK(waiting.sweep(2001) == 1);
  CHECK(revoke(2001) == first + 2);
}

TEST_CASE_TEMPLATE("Ending a subject's sessions revokes each of that issuer, and gives those that had ended, too",
                   Place, STORES) {
  const Place place;
  Told told;
  const auto store = place.open();
  const Waiting waiting{*store};
  waiting.begin(family_of("s1", "ann"), hash_of(1), 1500);
  waiting.begin(family_of("s2", "ann"), hash_of(2), 1500);
  waiting.begin(family_of("s3", "ann"), hash_of(3), 1500);
  waiting.begin(family_of("s4", "bob"), hash_of(4), 1500);
  Family foreign = family_of("s5", "ann");
  foreign.issuer = "https://other.example";
  waiting.begin(foreign, hash_of(5), 1500);
  waiting.revoke(revocation_named(Revocation::Kind::sid, "s2"));
  store->follow(told.follower());
  told.wait_for(1);

  // Of several calls at once, and of one that is repeated, each gives all: its gateway knows them then.
  const auto end_all = [&](Millis until) {
    std::vector<Revocation> ended = waiting.end_sessions(issuer, "ann", until);
    std::sort(ended.begin(), ended.end(), [](const auto& one, const auto& other) { return one.value < other.value; });
    return ended;
  };
  const auto of = [](std::string sid, Millis until) {
    return Revocation{Revocation::Kind::sid, issuer, std::move(sid), {}, until};
  };
  const std::vector<Revocation> all{of("s1", 7000), of("s2", 9'000'000), of("s3", 7000)};
  CHECK(end_all(7000) == all);
  told.wait_for(3);
  CHECK(end_all(8000) == all);  // later, but what has ended has had no token since
  CHECK(waiting.find("s1", hash_of(1), 1100).presented == Presented::family_ended);
  CHECK(waiting.find("s4", hash_of(4), 1100).presented == Presented::current);
  CHECK(waiting.find("s5", hash_of(5), 1100).presented == Presented::current);
  const std::uint64_t last = waiting.revoke(revocation_named(Revocation::Kind::jti, "the last"));
  told.wait_for(4);
  const std::lock_guard lock(told.mutex);
  REQUIRE(told.entries.size() == 4);  // what was there already is not kept again
  CHECK(told.entries[3].sequence == last);
  for (std::size_t i = 1; i < 3; ++i) {
    const Revocation& told_of = told.entries[i].revocation;
    CHECK((told_of.value == "s1" || told_of.value == "s3"));
    CHECK(told_of == Revocation{Revocation::Kind::sid, issuer, told_of.value, {}, 7000});
  }
  CHECK(waiting.begin(family_of("s6", "ann"), hash_of(6), 1500).issued_before == std::nullopt);
}

TEST_CASE_TEMPLATE("Ending a subject's sessions revokes those that the subject's own revocation has ended", Place,
                   STORES) {
  const Place place;
  const auto store = place.open();
  const Waiting waiting{*store};
  waiting.begin(family_of("s"), hash_of(1), 1500);
  const std::uint64_t first = waiting.revoke(revocation_named(Revocation::Kind::sub, "ann", 1001));
  CHECK(waiting.find("s", hash_of(1), 1100).presented == Presented::family_ended);
  CHECK(waiting.end_sessions(issuer, "ann", 7000).size() == 1);
  CHECK(waiting.revoke(revocation_named(Revocation::Kind::jti, "the next but one")) == first + 2);
}

TEST_CASE_TEMPLATE("A session that begins is told before when its subject's or its issuer's tokens are revoked", Place,
                   STORES) {
  const Place place;
  const auto store = place.open();
  const Waiting waiting{*store};
  waiting.revoke(revocation_named(Revocation::Kind::sub, "ann", 900));
  waiting.revoke(revocation_named(Revocation::Kind::sub, "ann", 800));
  waiting.revoke(revocation_named(Revocation::Kind::sid, "ann", 950));
  waiting.revoke({Revocation::Kind::sub, "https://other.example", "ann", 960, 9000});
  CHECK(waiting.begin(family_of("s1", "ann"), hash_of(1), 1500).issued_before == 900);
  CHECK(waiting.begin(family_of("s2", "bob"), hash_of(2), 1500).issued_before == std::nullopt);
  waiting.revoke(revocation_named(Revocation::Kind::issuer, "", 910));
  CHECK(waiting.begin(family_of("s3", "ann"), hash_of(3), 1500).issued_before == 910);
  CHECK(waiting.begin(family_of("s4", "bob"), hash_of(4), 1500).issued_before == 910);
  waiting.revoke({Revocation::Kind::sub, issuer, "ann", {}, 9000});
  CHECK(waiting.begin(family_of("s5", "ann"), hash_of(5), 1500).issued_before == 9000);
}

}  // namespace postern::state
