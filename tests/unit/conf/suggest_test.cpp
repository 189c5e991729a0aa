#include "conf/suggest.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace postern::conf;

namespace {
const std::vector<std::string_view> known = {"issuer", "audiences", "jwks_file", "jwt"};
}

TEST_CASE("the edit distance counts insertions, deletions, replacements and swaps") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("abc", "abc") == 0);
  CHECK(edit_distance("abc", "abxc") == 1);
  CHECK(edit_distance("abc", "ac") == 1);
  CHECK(edit_distance("abc", "axc") == 1);
  CHECK(edit_distance("abc", "acb") == 1);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("kitten", "sitting") == 3);
}

TEST_CASE("a near name is suggested, whatever its case") {
  CHECK(nearest("isuer", known) == "issuer");
  CHECK(nearest("ISSUER", known) == "issuer");
  CHECK(nearest("jwtt", known) == "jwt");
  CHECK(nearest("audience", known) == "audiences");
  CHECK(nearest("jwks-file", known) == "jwks_file");
}

TEST_CASE("nothing is suggested where nothing is near") {
  CHECK(nearest("zebra", known).empty());
  CHECK(nearest("", known).empty());
  CHECK(nearest(std::string(100'000, 'x'), known).empty());
  CHECK(suggestion("zebra", std::vector<std::string_view>{"a", "b"}) == "; known: `a`, `b`");
  CHECK(suggestion("zebra", {}) == "");
  CHECK(suggestion("isuer", known) == "; did you mean `issuer`?");
}
