// How long a fetched document says that it stays good (RFC 9111 section 4.2). Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace postern::keys {

// The fields of a response that speak of its age, as received; empty when absent.
struct CacheFields {
  std::string_view cache_control;
  std::string_view expires;
  std::string_view date;
  std::string_view age;
};

// Seconds from now for which the document is fresh: max-age, else Expires less Date (or less `now`, Unix seconds,
// without a Date), in both cases less Age and never below 0. 0 for `no-cache` (also of single fields), `no-store` and
// an Expires that is no date (RFC 9111 section 5.3). Nothing when the fields say nothing. s-maxage is for shared caches
// and is not looked at. A directive that is malformed counts as absent, as do a Date and an Age; of several max-age the
// first counts; numbers too large for 31 bits count as 2^31-1 (RFC 9111 section 1.2.2).
std::optional<std::chrono::seconds> freshness(const CacheFields& fields, double now);

// An HTTP date in any of the three forms (RFC 9110 section 5.6.7) as Unix seconds; nothing when it is none. Letters of
// either case (RFC 9111 section 4.2), GMT alone. `now` (Unix seconds) tells the century of a year of two digits: it
// never lies more than 50 years ahead.
std::optional<double> parse_http_date(std::string_view text, double now);

}  // namespace postern::keys
