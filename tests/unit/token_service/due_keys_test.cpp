// How often SigningKeys looks at the store, and adds a key, when what it adds never signs.
#include <doctest/doctest.h>

#include "tests/unit/token_service/stubborn_store.hpp"

namespace postern::token_service {

TEST_CASE("While no key signs four are added at once, then one in a second, however many ask for it") {
  Stubborn stubborn(0);
  CHECK(stubborn.store->added == due_keys_at_once);
  for (int i = 0; i < 1000; ++i) {
    CHECK(stubborn.keys->signer(1'800'000'000'000).key == nullptr);
    stubborn.io.poll();
  }
  const auto seconds =
      std::chrono::ceil<std::chrono::seconds>(std::chrono::steady_clock::now() - stubborn.began).count();
  CHECK(stubborn.store->added <= due_keys_at_once + seconds);
  CHECK(stubborn.store->loaded <= 1 + 2 * seconds);  // by those who ask, and by itself
}

TEST_CASE("Who asks for a key that signs when there is none has the store asked at once") {
  Stubborn stubborn(0);
  CHECK(stubborn.store->loaded == 1);
  stubborn.keys->signer(1'800'000'000'000);
  stubborn.io.poll();
  CHECK(stubborn.store->loaded == 2);
}

TEST_CASE("With 128 keys that are not revoked none is added by itself, with 127 one is") {
  CHECK(Stubborn(most_due_keys - 1).store->added == due_keys_at_once);
  CHECK(Stubborn(most_due_keys).store->added == 0);
}

}  // namespace postern::token_service
