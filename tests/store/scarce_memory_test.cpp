// A store of a process whose memory runs out goes on once there is memory again.
#include <malloc.h>

#include <atomic>
#include <csignal>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "state/redis/resp.hpp"
#include "tests/store/redis_clients.hpp"
#include "tests/unit/scarce_memory.hpp"

namespace postern::state {
namespace {

std::size_t allocated() {
  const struct mallinfo2 heap = ::mallinfo2();  // all zero under AddressSanitizer, which finds leaks itself
  return heap.uordblks + heap.hblkhd;
}

// Runs `use` with one allocation more each time until it has enough, a hundred times each, so that what is left behind
// shows. Gives how many it was refused.
template <class Use>
int refuse_each(Use use) {
  const auto try_use = [&](int granted) {
    ScarceMemory::granted = granted;
    try {
      return use();
    } catch (const std::bad_alloc&) {
      return true;
    }
  };
  int granted = -1;
  for (bool was_refused = true; was_refused;) {
    ++granted;
    const unsigned before = ScarceMemory::refused;
    ScarceMemory::is_about_this_thread = true;
    bool all_right = true;
    std::size_t taken = 0;
    for (int i = 0; i < 200; ++i) {
      if (i == 100) taken = allocated();  // what the heap keeps at hand is there
      all_right = try_use(granted) && all_right;
    }
    ScarceMemory::granted = -1;
    ScarceMemory::is_about_this_thread = false;
    CAPTURE(granted);
    CHECK(all_right);
    CHECK(allocated() <= taken + 1000);
    was_refused = ScarceMemory::refused != before;
  }
  return granted;
}

// On the store's thread from now on.
void make_memory_scarce(Store& store) {
  spdlog::default_logger();  // is made at its first use
  Answer<std::uint64_t> answer;
  store.revoke(revocation_of("first"), [done = answer.done()](auto outcome) {
    ScarceMemory::is_about_this_thread = true;
    done(std::move(outcome));
  });
  answer.wait();
}

// Makes a call and tells when it is answered.
using Ask = std::function<void(Store&, std::function<void()>)>;
void revoke_one(Store& store, std::function<void()> answered) {
  store.revoke(revocation_of("some"), [answered = std::move(answered)](const auto&) { answered(); });
}
void load_keys(Store& store, std::function<void()> answered) {
  store.load_signing_keys([answered = std::move(answered)](const auto&) { answered(); });
}
void end_sessions(Store& store, std::function<void()> answered) {
  const Family family = family_of("");
  store.end_sessions(family.issuer, family.subject, 7000,
                     [answered = std::move(answered)](const auto&) { answered(); });
}

// Calls of which one allocation is refused, for each in turn, until all are granted; how many there were. `before` and
// `after` stand around the scarcity.
template <class Before, class After>
int call_without_memory(Store& store, const Ask& ask, Before before, After after) {
  int granted = -1;
  for (bool was_refused = true; was_refused;) {
    ++granted;
    CAPTURE(granted);
    const unsigned refused = ScarceMemory::refused;
    const auto answered = std::make_shared<std::atomic<bool>>(false);
    before();
    ScarceMemory::granted = granted;
    ask(store, [answered] { *answered = true; });
    const bool has_ended = wait_until([&] { return ScarceMemory::refused != refused || *answered; });
    ScarceMemory::granted = -1;
    after();
    CHECK(has_ended);
    was_refused = ScarceMemory::refused != refused;
    CHECK(wait_until([&] { return answered->load(); }));
    healed_revoke(store, "next");
  }
  return granted;
}

// One with texts that are not short.
void add_a_key(Store& store) {
  Answer<SigningKeySet> answer;
  SigningKeyRecord key;
  key.kid = std::string(40, 'k');
  key.alg = "ES256";
  key.private_key = Secret(std::string(200, 'p'));
  store.add_signing_key(std::move(key), 0, answer.done());
  answer.value();
}

}  // namespace

TEST_CASE("Whichever allocation fails, a command that is not formatted leaves nothing behind") {
  const redis::Words words{"SET", "key", std::string(1000, 'x')};
  CHECK(refuse_each([&] { return redis::format_command(words).size() > 1000; }) >= 3);
}

TEST_CASE("Whichever allocation fails, an answer is read whole or not at all, and leaves nothing behind") {
  const std::string text(1000, 'x');
  const std::string bulk = "$1000\r\n" + text + "\r\n";
  CHECK(refuse_each([&] {
          redis::ReplyReader reader;
          reader.feed(bulk);
          const auto reply = reader.next();
          return !reply || reply->value().text == text;
        }) >= 2);
  const std::string list = "*2\r\n" + bulk + bulk;
  CHECK(refuse_each([&] {
          redis::ReplyReader reader;
          reader.feed(list);
          const auto reply = reader.next();
          return !reply || (reply->value().list.size() == 2 && reply->value().list[1].text == text);
        }) >= 4);
}

TEST_CASE("A store calls and follows again, however often memory has run out meanwhile") {
  RedisServer server({"--appendonly", "yes", "--appendfsync", "always"});
  Known known;
  Follower follower = known.follower();
  // On the store's thread.
  follower.caught_up = [counted = follower.caught_up](Millis now) {
    ScarceMemory::is_about_this_thread = true;
    counted(now);
  };
  const auto store = open_redis_store(options_of(server));
  store->follow(std::move(follower));
  std::vector<std::string> revoked;
  for (const char* sid : {"a", "b", "c"}) {
    revoked.emplace_back(sid);
    healed_revoke(*store, sid);
    known.wait_for(revoked);
    server.kill();
    CHECK(ScarceMemory::run_out(4));
    server.start();
  }
  healed_revoke(*store, "d");
  revoked.emplace_back("d");
  known.wait_for(revoked);
}

TEST_CASE_TEMPLATE("Whichever allocation of a store's thread fails, the call is answered and later ones are", Place,
                   STORES) {
  Place place;
  place.options.queue_limit = 1;
  const auto store = place.open(), other = place.open();
  make_memory_scarce(*store);
  add_a_key(*store);
  const auto others_go_on = [&] { healed_revoke(*other, "other"); };
  call_without_memory(*store, revoke_one, [] {}, others_go_on);
  CHECK(call_without_memory(*store, load_keys, [] {}, others_go_on) >= 3);
  Waiting{*other}.begin(family_of("s"), hash_of(1), 1500);
  CHECK(call_without_memory(*store, end_sessions, [] {}, others_go_on) >= 3);
}

TEST_CASE("Whichever allocation of its owner's thread fails when a Redis store begins, it is there or it never was") {
  const RedisServer server;
  const RedisOptions options = options_of(server);
  int granted = -1, opened = 0;
  for (bool was_refused = true; was_refused;) {
    ++granted;
    CAPTURE(granted);
    const unsigned refused = ScarceMemory::refused;
    std::unique_ptr<Store> store;
    ScarceMemory::is_about_this_thread = true;
    ScarceMemory::granted = granted;
    try {
      store = open_redis_store(options);
    } catch (const std::bad_alloc&) {
    }
    ScarceMemory::granted = -1;
    ScarceMemory::is_about_this_thread = false;
    was_refused = ScarceMemory::refused != refused;
    if (store != nullptr) healed_revoke(*store, "s" + std::to_string(++opened));
  }
  CHECK(granted >= 3);
  CHECK(opened >= 2);  // the last one, and the one that could not be told at once to begin
}

TEST_CASE("Whichever allocation fails when a Redis store ends, it ends, and what it was asked is answered") {
  const RedisServer server;
  for (const bool is_its_own_thread : {true, false}) {
    CAPTURE(is_its_own_thread);
    int granted = -1;
    for (bool was_refused = true; was_refused;) {
      ++granted;
      CAPTURE(granted);
      Known known;
      auto store = open_redis_store(options_of(server));
      if (is_its_own_thread) make_memory_scarce(*store);
      store->follow(known.follower());
      known.wait_until([&] { return known.caught_up > 0; });
      std::atomic<int> answered = 0;
      const unsigned refused = ScarceMemory::refused;
      ScarceMemory::granted = granted;
      for (const Ask& ask : {Ask(revoke_one), Ask(load_keys)}) ask(*store, [&] { ++answered; });
      ScarceMemory::is_about_this_thread = !is_its_own_thread;
      store.reset();
      ScarceMemory::granted = -1;
      ScarceMemory::is_about_this_thread = false;
      was_refused = ScarceMemory::refused != refused;
      CHECK(answered == 2);
    }
    CHECK(granted >= 1);
  }
}

TEST_CASE("Whichever allocation fails when a store begins to follow, it follows") {
  const RedisServer server;
  int granted = -1;
  for (bool was_refused = true; was_refused;) {
    ++granted;
    CAPTURE(granted);
    Known known;
    const auto store = open_redis_store(options_of(server));
    make_memory_scarce(*store);
    const unsigned refused = ScarceMemory::refused;
    ScarceMemory::granted = granted;
    store->follow(known.follower());
    CHECK(wait_until([&] { return ScarceMemory::refused != refused || known.now(&Known::caught_up) > 0; }));
    ScarceMemory::granted = -1;
    was_refused = ScarceMemory::refused != refused;
    known.wait_until([&] { return known.caught_up > 0; });
  }
  CHECK(granted >= 3);
}

TEST_CASE_TEMPLATE("Whichever allocation of a follower fails, what was revoked is known later", Place, STORES) {
  spdlog::default_logger();  // is made at its first use
  const Place place;
  Known known;  // ends after the store, which tells it
  const auto store = place.open();
  Follower follower = known.follower();
  follower.caught_up = [counted = follower.caught_up](Millis now) {
    ScarceMemory::is_about_this_thread = true;
    counted(now);
  };
  store->follow(std::move(follower));
  known.wait_until([&] { return known.caught_up > 0; });
  const auto other = place.open();
  std::vector<std::string> revoked;
  int granted = -1;
  for (bool was_refused = true; was_refused;) {
    ++granted;
    CAPTURE(granted);
    revoked.push_back("s" + std::to_string(granted));
    const unsigned refused = ScarceMemory::refused;
    ScarceMemory::granted = granted;
    healed_revoke(*other, revoked.back());
    known.wait_for(revoked);
    ScarceMemory::granted = -1;
    was_refused = ScarceMemory::refused != refused;
  }
  CHECK(granted >= 3);
}

TEST_CASE("Whichever allocation fails while Redis does not answer, the call is answered and later ones are") {
  const RedisServer server;
  RedisOptions options = options_of(server);
  options.url.host = "localhost";
  options.queue_limit = 1;
  options.timeout = std::chrono::milliseconds(50);
  const auto store = open_redis_store(options);
  make_memory_scarce(*store);
  const int granted = call_without_memory(
      *store, revoke_one, [&] { server.send(SIGSTOP); }, [&] { server.send(SIGCONT); });
  CHECK(granted > 10);
}

}  // namespace postern::state
