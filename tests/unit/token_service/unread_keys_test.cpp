// Whether SigningKeys knows what keys the store has.
#include <doctest/doctest.h>

#include "tests/unit/run_until.hpp"
#include "tests/unit/token_service/stubborn_store.hpp"

namespace postern::token_service {
namespace {

const state::StoreError lost{state::StoreError::Kind::unreachable, "the store is lost"};

// Has the store asked for a kid that nobody knows; how that ended.
keys::Waited ask_for_unknown_kid(Stubborn& stubborn) {
  std::optional<keys::Waited> waited;
  const auto ask = [&]() -> Task<void> { waited = co_await stubborn.keys->await_fetch(keys::Wanted::unknown_kid); };
  spawn(stubborn.io.get_executor(), ask());
  run_until(stubborn.io, [&] { return waited.has_value(); });
  return *waited;
}

}  // namespace

TEST_CASE("Signing keys are failing from a look at the store that failed until one that succeeds") {
  Stubborn stubborn(most_due_keys);
  CHECK_FALSE(stubborn.keys->is_failing());
  stubborn.store->unreadable = lost;
  CHECK_FALSE(stubborn.keys->is_failing());
  CHECK(ask_for_unknown_kid(stubborn) == keys::Waited::not_at_all);
  CHECK(stubborn.keys->is_failing());
  CHECK(ask_for_unknown_kid(stubborn) == keys::Waited::not_at_all);  // again, so soon: the store is not asked
  CHECK(stubborn.keys->is_failing());
  stubborn.store->unreadable.reset();
  run_until(stubborn.io, [&] { return !stubborn.keys->is_failing(); });  // by itself
}

TEST_CASE("Signing keys that were read are not failing, though the store takes no other") {
  Stubborn stubborn(0);
  stubborn.store->unwritable = lost;
  std::optional<SigningKeys::Made> made;
  const auto rotate = [&]() -> Task<void> { made = co_await stubborn.keys->rotate(); };
  spawn(stubborn.io.get_executor(), rotate());
  run_until(stubborn.io, [&] { return made.has_value(); });
  CHECK_FALSE(made->has_value());
  CHECK_FALSE(stubborn.keys->is_failing());
}

}  // namespace postern::token_service
