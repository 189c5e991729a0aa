#include "filters/token_service/stores.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "tests/unit/scarce_memory.hpp"

namespace postern::token_service {

TEST_CASE("A store whose last holder finds no memory to say so, ends on the stores' thread all the same") {
  std::string directory = (std::filesystem::temp_directory_path() / "postern-stores-XXXXXX").string();
  REQUIRE(::mkdtemp(directory.data()) != nullptr);
  boost::asio::io_context io{1};
  Stores stores(io);
  conf::Problems problems;
  auto followed = stores.follow({state::SqliteOptions{.file = directory + "/db"}, "store", "one"}, problems);
  REQUIRE(followed.store != nullptr);
  const std::weak_ptr<StoreHolder> held = followed.store;
  const std::weak_ptr<state::Store> store = followed.store->get();
  REQUIRE_FALSE(store.expired());
  const unsigned refused = ScarceMemory::refused;
  ScarceMemory::is_about_this_thread = true;
  ScarceMemory::granted = 0;
  followed = {};
  ScarceMemory::is_about_this_thread = false;
  ScarceMemory::granted = -1;
  CHECK(ScarceMemory::refused == refused + 1);
  CHECK(held.expired());
  CHECK_FALSE(store.expired());
  io.poll();
  CHECK(store.expired());
  std::filesystem::remove_all(directory);
}

}  // namespace postern::token_service
