#include "gateway/request_limit.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

using postern::RequestLimit;

TEST_CASE("as many places are given as there are, and no more") {
  RequestLimit limit(3);
  std::vector<RequestLimit::Place> taken;
  for (int i = 0; i < 3; ++i) {
    taken.push_back(limit.take());
    CHECK(taken.back());
  }
  CHECK_FALSE(limit.take());
  CHECK_FALSE(limit.take());  // being refused takes none either
  taken.pop_back();
  CHECK(limit.take());
}

TEST_CASE("a place is given back once, however it moved") {
  RequestLimit limit(1);
  RequestLimit::Place place = limit.take();
  RequestLimit::Place moved = std::move(place);
  place = {};
  CHECK(moved);
  CHECK_FALSE(limit.take());
  moved = {};
  CHECK_FALSE(moved);
  CHECK(limit.take());
  RequestLimit other(1);
  moved = limit.take();
  moved = other.take();  // what it held before is free
  CHECK(limit.take());
  CHECK_FALSE(other.take());
}

TEST_CASE("threads that take and give back never have more places than there are, and lose none") {
  constexpr int threads = 4;
  constexpr std::uint32_t most = 2;
  RequestLimit limit(most);
  std::atomic<int> held{0};
  std::atomic<bool> too_many{false};
  std::vector<std::jthread> takers;
  for (int i = 0; i < threads; ++i) {
    takers.emplace_back([&] {
      for (int turn = 0; turn < 20'000; ++turn) {
        const RequestLimit::Place place = limit.take();
        if (!place) continue;
        if (held.fetch_add(1) >= static_cast<int>(most)) too_many = true;
        held.fetch_sub(1);
      }
    });
  }
  takers.clear();
  CHECK_FALSE(too_many);
  std::vector<RequestLimit::Place> all;
  for (std::uint32_t i = 0; i < most; ++i) all.push_back(limit.take());
  for (const auto& place : all) CHECK(place);
  CHECK_FALSE(limit.take());
}
