// A store of a process whose memory runs out goes on once there is memory again.
#include <string>
#include <vector>

#include "tests/store/redis_clients.hpp"
#include "tests/unit/scarce_memory.hpp"

namespace postern::state {

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
