#include <map>
#include <thread>
#include <vector>

#include "tests/store/stores.hpp"

namespace postern::state {

TEST_CASE_TEMPLATE("Of 100 parallel rotations of one token one wins, and the others get its successor", Place, STORES) {
  const Place place;
  const auto first = place.open();
  const auto second = place.open();  // another process
  Waiting{*first}.begin(family_of("s"), hash_of(1), 1500);
  std::vector<Answer<Rotated>> answers(100);
  std::vector<std::thread> threads;
  for (std::size_t thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      Store& store = thread % 2 == 0 ? *first : *second;
      for (std::size_t i = thread; i < answers.size(); i += 4) {
        store.rotate(rotation_of("s", 1, 100 + i, 1100), answers[i].done());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::map<Presented, int> counted;
  std::map<std::string, int> successors;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const Rotated rotated = answers[i].value();
    ++counted[rotated.presented];
    ++successors[rotated.existing ? rotated.existing->bytes : "sealed " + std::to_string(100 + i)];
    CHECK(rotated.expires == 1600);
  }
  CHECK(counted[Presented::current] == 1);
  CHECK(counted[Presented::within_grace] == 99);
  CHECK(successors.size() == 1);
}

TEST_CASE_TEMPLATE("Every call that was made is answered before the store is gone", Place, STORES) {
  const Place place;
  std::vector<Answer<std::uint64_t>> answers(200);
  {
    const auto store = place.open();
    for (auto& answer : answers) {
      store->revoke({Revocation::Kind::jti, "https://id.example", "j", {}, 9000}, answer.done());
    }
  }
  for (auto& answer : answers) CHECK(answer.future.wait_for(std::chrono::seconds(0)) == std::future_status::ready);
  std::uint64_t last = 0;
  for (auto& answer : answers) {
    const std::uint64_t number = answer.value();
    CHECK(number > last);
    last = number;
  }
}

TEST_CASE_TEMPLATE("A `done` may call the store", Place, STORES) {
  const Place place;
  const auto store = place.open();
  Answer<SigningKeySet> answer;
  store->load_signing_keys(
      [&](const tl::expected<SigningKeySet, StoreError>&) { store->load_signing_keys(answer.done()); });
  CHECK(answer.value().keys.empty());
}

}  // namespace postern::state
