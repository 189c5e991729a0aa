#include "filters/claim_text.hpp"

#include <doctest/doctest.h>

using namespace postern;
using namespace postern::filters;
using conf::ClaimFormat;

namespace {

// The header values joined by `|`, "(none)" for no header, "(refused)" when the format cannot carry the claim.
std::string written(std::string_view json, std::optional<ClaimFormat> format = {}) {
  const auto claim = parse_json(json);
  REQUIRE(claim.has_value());
  const auto values = write_claim(*claim, format);
  if (!values) return "(refused)";
  if (values->empty()) return "(none)";
  std::string joined = values->front();
  for (std::size_t i = 1; i < values->size(); ++i) joined += "|" + (*values)[i];
  return joined;
}

}  // namespace

TEST_CASE("plain carries visible ASCII as it is") {
  CHECK(written(R"("alice")") == "alice");
  CHECK(written(R"("a b,c;\"d\"~!")") == R"(a b,c;"d"~!)");
  CHECK(written(R"("")") == "");
}

TEST_CASE("plain percent-encodes the percent sign and all that is not visible ASCII, as UTF-8") {
  CHECK(written(R"("100%")") == "100%25");
  CHECK(written(R"("%0a")") == "%250a");
  CHECK(written("\"J\xC3\xBCrgen\"") == "J%C3%BCrgen");
  CHECK(written(R"("\ud83d\ude00")") == "%F0%9F%98%80");
  CHECK(written(R"("a\u202eb")") == "a%E2%80%AEb");
  CHECK(written(R"("a\tb\u007f\u0001")") == "a%09b%7F%01");
}

TEST_CASE("a space at the start or end of a value is encoded, since HTTP would trim it") {
  CHECK(written(R"("  a b  ")") == "%20 a b %20");
  CHECK(written(R"(" ")") == "%20");
}

TEST_CASE("CR, LF and NUL refuse every text format") {
  for (const auto format : {ClaimFormat::plain, ClaimFormat::csv, ClaimFormat::space, ClaimFormat::repeated}) {
    CHECK(written(R"("a\rb")", format) == "(refused)");
    CHECK(written(R"("a\nX-Admin: 1")", format) == "(refused)");
    CHECK(written(R"("a\u0000b")", format) == "(refused)");
  }
  CHECK(written(R"(["a","b\n"])", ClaimFormat::csv) == "(refused)");
}

TEST_CASE("numbers keep their source text, booleans are words, null is no header") {
  CHECK(written("1.50") == "1.50");
  CHECK(written("12345678901234567890") == "12345678901234567890");
  CHECK(written("true") == "true");
  CHECK(written("false") == "false");
  CHECK(written("null") == "(none)");
  CHECK(written("null", ClaimFormat::json) == "(none)");
}

TEST_CASE("no element of a csv or space-separated list can forge another") {
  CHECK(written(R"(["a,admin","b c","%2C"])", ClaimFormat::csv) == "a%2Cadmin,b c,%252C");
  CHECK(written(R"(["a admin","b,c"])", ClaimFormat::space) == "a%20admin b,c");
  CHECK(written(R"(["a,admin","b"])", ClaimFormat::repeated) == "a%2Cadmin|b");
  CHECK(written(R"([" a ","b"])", ClaimFormat::csv) == "%20a%20,b");
}

TEST_CASE("a scalar is a list of one element") {
  CHECK(written(R"("a b,c")", ClaimFormat::csv) == "a b%2Cc");
  CHECK(written(R"("read write")", ClaimFormat::space) == "read%20write");
  CHECK(written("7", ClaimFormat::repeated) == "7");
}

TEST_CASE("an empty array is an empty value, and no header where there is one for each element") {
  CHECK(written("[]") == "");
  CHECK(written("[]", ClaimFormat::space) == "");
  CHECK(written("[]", ClaimFormat::repeated) == "(none)");
  CHECK(written("[]", ClaimFormat::json) == "[]");
}

TEST_CASE("an empty element is refused where it cannot be told from none") {
  CHECK(written(R"([""])", ClaimFormat::csv) == "(refused)");
  CHECK(written(R"(["",""])", ClaimFormat::csv) == ",");
  CHECK(written(R"(["a",""])", ClaimFormat::space) == "(refused)");
}

TEST_CASE("lists hold scalars only") {
  for (const auto format : {ClaimFormat::csv, ClaimFormat::space, ClaimFormat::repeated}) {
    CHECK(written(R"(["a",["b"]])", format) == "(refused)");
    CHECK(written(R"(["a",{"b":1}])", format) == "(refused)");
    CHECK(written(R"(["a",null])", format) == "(refused)");
    CHECK(written(R"({"a":1})", format) == "(refused)");
    CHECK(written(R"(["a",1,true])", format) != "(refused)");
  }
}

TEST_CASE("plain carries no array and no object unless no format was given") {
  CHECK(written(R"(["a","b"])", ClaimFormat::plain) == "(refused)");
  CHECK(written(R"({"a":1})", ClaimFormat::plain) == "(refused)");
  CHECK(written(R"(["a","b"])") == "a,b");
  CHECK(written(R"({"a":[1.0,"x"]})") == R"({"a":[1.0,"x"]})");
}

TEST_CASE("json is pure ASCII and keeps the text of numbers") {
  CHECK(written("{\"n\":1.50,\"t\":\"\xC3\xBC\xF0\x9F\x98\x80\xEF\xBF\xBF\"}", ClaimFormat::json) ==
        R"({"n":1.50,"t":"\u00fc\ud83d\ude00\uffff"})");
  CHECK(written(R"("a\r\n\u0000\u007f")", ClaimFormat::json) == R"("a\r\n\u0000\u007f")");
}

TEST_CASE("base64json is padded base64 of compact JSON in UTF-8") {
  CHECK(written(R"({ "a" : 1 })", ClaimFormat::base64json) == "eyJhIjoxfQ==");
  CHECK(written("\"\xC3\xBC\"", ClaimFormat::base64json) == "IsO8Ig==");
}
