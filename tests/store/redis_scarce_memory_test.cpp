// A store of a process whose memory runs out goes on once there is memory again.
#include <malloc.h>

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

}  // namespace postern::state
