#include "gateway/retry.hpp"

#include <doctest/doctest.h>

using postern::FailedAttempt;
using postern::may_retry;

TEST_CASE("a GET on a reused connection is replayed on a fresh one, even with a single endpoint") {
  CHECK(may_retry({.reused = true, .resendable = true, .idempotent = true, .fresh_attempts = 0}));
}

TEST_CASE("a POST on a reused connection is not replayed once it was sent") {
  CHECK_FALSE(may_retry({.reused = true, .resendable = true, .idempotent = false}));
}

TEST_CASE("a body that is no longer at hand cannot be replayed") {
  CHECK_FALSE(may_retry({.reused = true, .resendable = false, .idempotent = true}));
}

TEST_CASE("nothing is replayed once a byte of the response came, or a deadline passed") {
  CHECK_FALSE(may_retry({.reused = true, .response_began = true, .resendable = true, .idempotent = true}));
  CHECK_FALSE(may_retry({.connect_failed = true, .interrupted = true, .fresh_attempts = 1, .endpoints = 9}));
}

TEST_CASE("a refused connection goes to the next endpoint for every method, until each had its turn") {
  CHECK(may_retry({.connect_failed = true, .fresh_attempts = 1, .endpoints = 2}));
  CHECK_FALSE(may_retry({.connect_failed = true, .fresh_attempts = 2, .endpoints = 2}));
}

TEST_CASE("a fresh connection that died without a response costs its endpoint the turn") {
  CHECK(may_retry({.resendable = true, .idempotent = true, .fresh_attempts = 1, .endpoints = 2}));
  CHECK_FALSE(may_retry({.resendable = true, .idempotent = true, .fresh_attempts = 1, .endpoints = 1}));
}
