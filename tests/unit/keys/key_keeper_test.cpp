#include "filters/keys/key_keeper.hpp"

#include <doctest/doctest.h>

#include <new>
#include <vector>

#include "tests/unit/keys/hanging_disk.hpp"
#include "tests/unit/scarce_memory.hpp"

namespace postern::keys {
namespace {

using namespace std::chrono_literals;
using Documents = std::vector<std::string>;

KeptKeys keys_of(const std::string& source, const std::string& document) {
  return {source, "https://id.example/keys", 1, document};
}

}  // namespace

TEST_CASE("Keeping returns though the disk hangs, and of what comes meanwhile the newest is written") {
  const HangingDisk disk({"/kept"});
  KeyKeeper keeper(disk.write());
  for (const char* document : {"1", "2", "3"}) keeper.keep("shop", "/kept", keys_of("a", document));
  CHECK_FALSE(keeper.finish(1ms));
  disk.let_go();
  CHECK(keeper.finish(20s));
  CHECK(disk.written() == Documents{"1", "3"});
}

TEST_CASE("A file that hangs keeps no other source from being written") {
  const HangingDisk disk({"/slow"});
  KeyKeeper keeper(disk.write());
  keeper.keep("shop", "/slow", keys_of("a", "1"));
  keeper.keep("bills", "/quick", keys_of("a", "2"));
  CHECK(disk.wait_for_writes(1));
  CHECK(disk.written() == Documents{"2"});
  disk.let_go();
  CHECK(keeper.finish(20s));
  CHECK(disk.written() == Documents{"2", "1"});
}

TEST_CASE("A write that hangs outlives its keeper, and nothing follows it") {
  const HangingDisk disk({"/kept"});
  {
    KeyKeeper keeper(disk.write());
    keeper.keep("shop", "/kept", keys_of("a", "1"));
    keeper.keep("shop", "/kept", keys_of("a", "2"));
  }
  disk.let_go();
  CHECK(disk.wait_for_writes(1));
  CHECK(wait_until([&] { return disk.is_forgotten(); }));
  CHECK(disk.written() == Documents{"1"});
}

TEST_CASE("After a write that failed or threw the next one is tried") {
  int calls = 0;
  KeyKeeper keeper([&](const std::string&, const KeptKeys&) -> std::optional<std::string> {
    if (++calls == 1) throw std::bad_alloc();
    return calls == 2 ? std::optional<std::string>("the disk is full") : std::nullopt;
  });
  for (int i = 0; i < 3; ++i) {
    keeper.keep("shop", "/kept", keys_of("a", "1"));
    CHECK(keeper.finish(20s));
  }
  CHECK(calls == 3);
}

}  // namespace postern::keys
