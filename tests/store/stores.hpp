// What the tests of all stores share. A test names the type of its stores: TEST_CASE_TEMPLATE("...", Place, STORES).
#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "base/temporary_folder.hpp"
#include "state/redis/redis_store.hpp"
#include "state/sqlite/sqlite_store.hpp"
#include "state/store.hpp"
#include "tests/store/redis_server.hpp"

#define STORES SqlitePlace, RedisPlace

namespace postern::state {

// Longer than any test should wait. Stores wait for so long as well, where it is not their patience that is tested.
constexpr auto patience = std::chrono::seconds(20);

// A folder with one file, which any number of stores may open.
struct SqlitePlace {
  SqlitePlace() {
    options.file = folder.path_of("state.db");
    options.busy_timeout = options.timeout = patience;
  }
  std::unique_ptr<Store> open() const {
    auto store = open_sqlite_store(options);
    REQUIRE_MESSAGE(store.has_value(), store.error());
    return std::move(*store);
  }

  TemporaryFolder folder{"postern-store-"};
  SqliteOptions options;
};

// Keys of its own in a server that all tests share.
struct RedisPlace {
  RedisPlace() {
    static const RedisServer server;
    static int count = 0;
    options.url.host = "127.0.0.1";
    options.url.port = server.port();
    options.key_prefix = "test-" + std::to_string(++count);
    options.timeout = patience;
  }
  std::unique_ptr<Store> open() const { return open_redis_store(options); }

  RedisOptions options;
};

template <class T>
struct Answer {
  std::shared_ptr<std::promise<tl::expected<T, StoreError>>> promise =
      std::make_shared<std::promise<tl::expected<T, StoreError>>>();
  std::future<tl::expected<T, StoreError>> future = promise->get_future();

  Done<T> done() const {
    return [to = promise](tl::expected<T, StoreError> outcome) { to->set_value(std::move(outcome)); };
  }
  tl::expected<T, StoreError> wait() {
    REQUIRE(future.wait_for(patience) == std::future_status::ready);
    return future.get();
  }
  T value() {
    auto outcome = wait();
    REQUIRE_MESSAGE(outcome.has_value(), outcome.error().detail);
    return std::move(*outcome);
  }
};

// The calls as if they waited.
struct Waiting {
  Begun begin(Family family, const TokenHash& first, Millis expires) const {
    Answer<Begun> answer;
    const Millis issued = family.began;
    store.begin_session(std::move(family), {first, issued, expires, {}, {}}, answer.done());
    return answer.value();
  }
  Rotated rotate(Rotation rotation) const {
    Answer<Rotated> answer;
    store.rotate(std::move(rotation), answer.done());
    return answer.value();
  }
  Rotated reissue(Rotation rotation) const {
    rotation.kind = Rotation::Kind::reissue;
    return rotate(std::move(rotation));
  }
  Rotated look(Rotation rotation) const {
    rotation.kind = Rotation::Kind::look;
    return rotate(std::move(rotation));
  }
  FoundSession find(std::string sid, const TokenHash& presented, Millis now, std::string client = "app",
                    Millis grace = 10) const {
    Answer<FoundSession> answer;
    store.find(std::move(sid), presented, std::move(client), now, grace, answer.done());
    return answer.value();
  }
  std::uint64_t revoke(Revocation revocation) const {
    Answer<std::uint64_t> answer;
    store.revoke(std::move(revocation), answer.done());
    return answer.value();
  }
  std::vector<Revocation> end_sessions(std::string issuer, std::string subject, Millis until) const {
    Answer<std::vector<Revocation>> answer;
    store.end_sessions(std::move(issuer), std::move(subject), until, answer.done());
    return answer.value();
  }
  SigningKeySet keys() const {
    Answer<SigningKeySet> answer;
    store.load_signing_keys(answer.done());
    return answer.value();
  }
  SigningKeySet add_key(SigningKeyRecord key, std::uint64_t version) const {
    Answer<SigningKeySet> answer;
    store.add_signing_key(std::move(key), version, answer.done());
    return answer.value();
  }
  Millis count(std::vector<Attempt> attempts, Millis now) const {
    Answer<Millis> answer;
    store.count_attempt(std::move(attempts), now, answer.done());
    return answer.value();
  }
  void uncount(std::vector<Attempt> attempts) const {
    Answer<Nothing> answer;
    store.uncount_attempt(std::move(attempts), answer.done());
    answer.value();
  }
  std::size_t sweep(Millis now, std::size_t most = 1000) const {
    Answer<std::size_t> answer;
    store.sweep({now, now}, most, answer.done());
    return answer.value();
  }

  Store& store;
};

inline TokenHash hash_of(std::uint64_t number) {
  TokenHash hash{};
  for (std::size_t i = 0; i < sizeof number; ++i) hash[i] = static_cast<std::uint8_t>(number >> (8 * i));
  return hash;
}

// A login at 1000 whose session ends at 5000.
inline Family family_of(std::string sid, std::string subject = "ann") {
  return {.sid = std::move(sid),
          .issuer = "https://id.example",
          .subject = std::move(subject),
          .client = "app",
          .claims = R"({"name":"Ann"})",
          .scope = "read write",
          .began = 1000,
          .ends = 5000};
}

// With a grace of 10 and successors that last for 500.
inline Rotation rotation_of(std::string sid, std::uint64_t presented, std::uint64_t successor, Millis now) {
  return {.kind = Rotation::Kind::rotate,
          .sid = std::move(sid),
          .presented = hash_of(presented),
          .client = "app",
          .successor = hash_of(successor),
          .sealed = {"sealed " + std::to_string(successor), now + 10},
          .lifetime = 500,
          .presented_at = now,
          .now = now,
          .grace = 10,
          .revoke_until = now + 900};
}

}  // namespace postern::state
