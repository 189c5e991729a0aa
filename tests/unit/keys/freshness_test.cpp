#include "filters/keys/freshness.hpp"

#include <doctest/doctest.h>

#include <string>

namespace postern::keys {
namespace {

constexpr double now_1994 = 784'111'777;  // Sun, 06 Nov 1994 08:49:37 GMT
constexpr std::string_view date_of_now = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr std::string_view minute_later = "Sun, 06 Nov 1994 08:50:37 GMT";

// Seconds; -1 when the fields say nothing.
long long fresh_for(const CacheFields& fields) {
  const auto fresh = freshness(fields, now_1994);
  return fresh ? static_cast<long long>(fresh->count()) : -1;
}
long long fresh_by(std::string_view cache_control) {
  return fresh_for({cache_control, {}, {}, {}});
}

}  // namespace

TEST_CASE("Without a word about it nothing is known of freshness") {
  CHECK(fresh_for({}) == -1);
  CHECK(fresh_for({"public, must-revalidate", {}, date_of_now, "5"}) == -1);
  CHECK(fresh_by("s-maxage=600") == -1);
  CHECK(fresh_by(",, ,") == -1);
}

TEST_CASE("max-age is read as a token or quoted, in any case, among other directives") {
  CHECK(fresh_by("max-age=300") == 300);
  CHECK(fresh_by("max-age=0") == 0);
  CHECK(fresh_by("public, MAX-Age=300 , must-revalidate") == 300);
  CHECK(fresh_by("max-age=\"300\"") == 300);
  CHECK(fresh_by("s-maxage=1,max-age=300") == 300);
  CHECK(fresh_by("x-max-age=1,max-age=300") == 300);
}

TEST_CASE("A directive within quotes says nothing") {
  CHECK(fresh_by(R"(ext="a, max-age=1, no-store", max-age=300)") == 300);
  CHECK(fresh_by(R"(ext="a\", max-age=1", max-age=300)") == 300);
  CHECK(fresh_by(R"(ext="never ends, max-age=1)") == -1);
  CHECK(fresh_by("ext=\"ends with an escape\\") == -1);
}

TEST_CASE("A malformed max-age counts as absent") {
  for (const std::string_view text :
       {"max-age", "max-age=", "max-age=x", "max-age=-1", "max-age=+1", "max-age=1.5", "max-age= 1", "max-age =1",
        "max-age=1s", "max-age=\"1", "max-age=\"", "max-age=0x1"}) {
    CAPTURE(text);
    CHECK(fresh_by(text) == -1);
  }
  CHECK(fresh_by("max-age=x, max-age=7") == 7);
  CHECK(fresh_for({"max-age=x", minute_later, date_of_now, {}}) == 60);
}

TEST_CASE("Of several max-age the first counts") {
  CHECK(fresh_by("max-age=7, max-age=8") == 7);
}

TEST_CASE("A number beyond 31 bits counts as 2^31-1") {
  CHECK(fresh_by("max-age=2147483646") == 2'147'483'646);
  CHECK(fresh_by("max-age=2147483647") == 2'147'483'647);
  CHECK(fresh_by("max-age=2147483648") == 2'147'483'647);
  CHECK(fresh_by("max-age=" + std::string(5'000, '9')) == 2'147'483'647);
  CHECK(fresh_for({{}, "Fri, 31 Dec 9999 23:59:59 GMT", {}, {}}) == 2'147'483'647);
}

TEST_CASE("no-cache and no-store win over every time") {
  CHECK(fresh_by("no-cache") == 0);
  CHECK(fresh_by("max-age=300, No-Store") == 0);
  CHECK(fresh_by("no-cache=\"Set-Cookie\", max-age=300") == 0);
  CHECK(fresh_for({"no-cache", minute_later, date_of_now, {}}) == 0);
}

TEST_CASE("Expires counts from Date, without a Date from now") {
  CHECK(fresh_for({{}, minute_later, date_of_now, {}}) == 60);
  CHECK(fresh_for({{}, minute_later, {}, {}}) == 60);
  CHECK(fresh_for({{}, minute_later, "no date", {}}) == 60);
  CHECK(fresh_for({{}, minute_later, "Sun, 06 Nov 1994 08:50:07 GMT", {}}) == 30);
  CHECK(fresh_for({"max-age=5", minute_later, date_of_now, {}}) == 5);
}

TEST_CASE("An Expires in the past, or that is no date, is stale") {
  CHECK(fresh_for({{}, date_of_now, minute_later, {}}) == 0);
  for (const std::string_view text : {"0", "-1", "never", "Sun, 06 Nov 1994 08:49:37 CET"}) {
    CAPTURE(text);
    CHECK(fresh_for({{}, text, date_of_now, {}}) == 0);
  }
}

TEST_CASE("Age is taken off, never below zero") {
  CHECK(fresh_for({"max-age=300", {}, {}, "100"}) == 200);
  CHECK(fresh_for({"max-age=300", {}, {}, "299"}) == 1);
  CHECK(fresh_for({"max-age=300", {}, {}, "300"}) == 0);
  CHECK(fresh_for({"max-age=300", {}, {}, "99999999999999999999"}) == 0);
  CHECK(fresh_for({"max-age=300", {}, {}, " 100 , 5"}) == 200);
  CHECK(fresh_for({"max-age=300", {}, {}, "-100"}) == 300);
  CHECK(fresh_for({{}, minute_later, date_of_now, "10"}) == 50);
}

TEST_CASE("The three forms of an HTTP date are the same instant") {
  for (const std::string_view text :
       {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
        "Sun Nov 06 08:49:37 1994", "sun, 06 NOV 1994 08:49:37 gmt", " Sun, 06 Nov 1994 08:49:37 GMT\t"}) {
    CAPTURE(text);
    CHECK(parse_http_date(text, now_1994) == now_1994);
  }
  CHECK(parse_http_date("Thu, 01 Jan 1970 00:00:00 GMT", now_1994) == 0);
  CHECK(parse_http_date("Wed, 31 Dec 1969 23:59:59 GMT", now_1994) == -1);
  CHECK(parse_http_date("Tue, 29 Feb 2000 00:00:00 GMT", now_1994) == 951'782'400);
}

TEST_CASE("A leap second is a date, a second more is none") {
  CHECK(parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT", now_1994) == 1'483'228'800);
  CHECK(parse_http_date("Sat, 31 Dec 2016 23:59:61 GMT", now_1994) == std::nullopt);
}

TEST_CASE("What is no HTTP date is refused") {
  for (const std::string_view text : {"",
                                      " ",
                                      "Sun",
                                      "Sun,",
                                      "1994-11-06T08:49:37Z",
                                      "784111777",
                                      "Sun, 6 Nov 1994 08:49:37 GMT",
                                      "Sun, 06 Nov 94 08:49:37 GMT",
                                      "Sun, 06 Nov 1994 08:49:37",
                                      "Sun, 06 Nov 1994 08:49:37 +0000",
                                      "Sun, 06 Nov 1994 08:49:37 UTC",
                                      "Sun, 06 Nov 1994 08:49:37 GMT ?",
                                      "Sun, 06 Nov 1994 24:00:00 GMT",
                                      "Sun, 06 Nov 1994 08:60:00 GMT",
                                      "Sun, 00 Nov 1994 08:49:37 GMT",
                                      "Sun, 31 Nov 1994 08:49:37 GMT",
                                      "Wed, 29 Feb 1995 08:49:37 GMT",
                                      "Sun, 06 Nov 1994 08:49:3x GMT",
                                      "Sux, 06 Nov 1994 08:49:37 GMT",
                                      "Sun, 06 Nix 1994 08:49:37 GMT",
                                      "Sunday, 06 Nov 1994 08:49:37 GMT",
                                      "Sunday, 31-Feb-94 08:49:37 GMT",
                                      "Sun Nov 6 08:49:37 1994",
                                      "Sun Nov  6 08:49:37 94",
                                      "Sun Nov  6 08:49:37 1994 GMT"}) {
    CAPTURE(text);
    CHECK(parse_http_date(text, now_1994) == std::nullopt);
  }
}

TEST_CASE("Every beginning of a date is refused without reading beyond its end") {
  for (const std::string_view text :
       {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"}) {
    for (std::size_t size = 0; size < text.size(); ++size) {
      const std::string part(text.substr(0, size));
      CAPTURE(part);
      CHECK(parse_http_date(part, now_1994) == std::nullopt);
    }
  }
}

TEST_CASE("A year of two digits lies at most 50 years ahead") {
  constexpr double in_2026 = 1'795'000'000;
  CHECK(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", in_2026) == now_1994);
  CHECK(parse_http_date("Wednesday, 01-Jan-75 00:00:00 GMT", in_2026) == 3'313'526'400);  // 2075
  CHECK(parse_http_date("Saturday, 01-Jan-77 00:00:00 GMT", in_2026) == 220'924'800);     // 1977
  // From 1999 the year 00 is the next one.
  CHECK(parse_http_date("Tuesday, 29-Feb-00 00:00:00 GMT", 940'000'000) == 951'782'400);
  // From 2099 it would be 2100, which has no 29 February.
  CHECK(parse_http_date("Tuesday, 29-Feb-00 00:00:00 GMT", 4'080'000'000) == 951'782'400);
}

}  // namespace postern::keys
