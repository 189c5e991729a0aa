#include "gateway/trim_policy.hpp"

#include <doctest/doctest.h>

namespace postern {

TEST_CASE("memory is given back once for each flood, when most of it has gone") {
  TrimPolicy policy;
  CHECK_FALSE(policy.should_trim(0));
  CHECK_FALSE(policy.should_trim(10'000));
  CHECK_FALSE(policy.should_trim(5'001));
  CHECK(policy.should_trim(5'000));
  CHECK_FALSE(policy.should_trim(4'999));
  CHECK_FALSE(policy.should_trim(2'501));
  CHECK(policy.should_trim(2'500));
  CHECK(policy.should_trim(0));
  CHECK_FALSE(policy.should_trim(0));
}

TEST_CASE("the coming and going of few connections trims nothing") {
  TrimPolicy policy;
  CHECK_FALSE(policy.should_trim(TrimPolicy::least_gone - 1));
  CHECK_FALSE(policy.should_trim(0));
  CHECK_FALSE(policy.should_trim(TrimPolicy::least_gone));
  CHECK(policy.should_trim(0));
}

}  // namespace postern
