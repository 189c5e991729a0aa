#include "filters/keys/freshness.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "gateway/http/head.hpp"
#include "gateway/http/syntax.hpp"

namespace postern::keys {
namespace {

constexpr std::int64_t most_seconds = 2'147'483'647;  // RFC 9111 section 1.2.2

// delta-seconds: digits alone, however many.
std::optional<std::int64_t> parse_seconds(std::string_view text) {
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) return std::nullopt;
  std::int64_t seconds = 0;
  for (const char digit : text) seconds = std::min(seconds * 10 + (digit - '0'), most_seconds);
  return seconds;
}

// ---- Cache-Control

struct CacheControl {
  bool must_ask = false;  // no-cache or no-store
  std::optional<std::int64_t> max_age;
};

// Cuts one directive, up to a comma outside quotes, off `list`.
std::string_view take_directive(std::string_view& list) {
  bool quoted = false;
  std::size_t end = 0;
  for (; end < list.size() && (quoted || list[end] != ','); ++end) {
    if (list[end] == '"') quoted = !quoted;
    if (quoted && list[end] == '\\') ++end;
  }
  end = std::min(end, list.size());
  const std::string_view directive = list.substr(0, end);
  list.remove_prefix(std::min(end + 1, list.size()));
  return http::trim(directive);
}

CacheControl parse_cache_control(std::string_view list) {
  CacheControl said;
  while (!list.empty()) {
    const std::string_view directive = take_directive(list);
    const std::size_t equals = std::min(directive.find('='), directive.size());
    const std::string_view name = directive.substr(0, equals);
    if (http::equals_folded(name, "no-cache") || http::equals_folded(name, "no-store")) said.must_ask = true;
    if (!http::equals_folded(name, "max-age") || equals == directive.size() || said.max_age) continue;
    std::string_view value = directive.substr(equals + 1);
    // Both forms of an argument are for every directive (RFC 9111 section 5.2).
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    said.max_age = parse_seconds(value);
  }
  return said;
}

// ---- dates

// Takes the parts of a date off its text; after the first that does not fit, all fail.
class DateReader {
 public:
  explicit DateReader(std::string_view text) : rest_(text) {}

  void skip(std::string_view text) {
    ok_ = ok_ && http::equals_folded(rest_.substr(0, text.size()), text);
    if (ok_) rest_.remove_prefix(text.size());
  }
  int digits(std::size_t count) {
    ok_ = ok_ && rest_.size() >= count;
    int value = 0;
    for (std::size_t i = 0; ok_ && i < count; ++i) {
      ok_ = is_digit(rest_[i]);
      value = value * 10 + (rest_[i] - '0');
    }
    if (ok_) rest_.remove_prefix(count);
    return value;
  }
  // The place in `names` of what comes next.
  template <std::size_t size>
  unsigned name(const std::array<std::string_view, size>& names) {
    for (unsigned i = 0; ok_ && i < size; ++i) {
      if (!http::equals_folded(rest_.substr(0, names[i].size()), names[i])) continue;
      rest_.remove_prefix(names[i].size());
      return i;
    }
    ok_ = false;
    return 0;
  }
  bool starts_with(char c) const { return rest_.starts_with(c); }
  bool is_whole() const { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

using namespace std::string_view_literals;
constexpr std::array short_days = {"mon"sv, "tue"sv, "wed"sv, "thu"sv, "fri"sv, "sat"sv, "sun"sv};
constexpr std::array long_days = {"monday"sv, "tuesday"sv,  "wednesday"sv, "thursday"sv,
                                  "friday"sv, "saturday"sv, "sunday"sv};
constexpr std::array months = {"jan"sv, "feb"sv, "mar"sv, "apr"sv, "may"sv, "jun"sv,
                               "jul"sv, "aug"sv, "sep"sv, "oct"sv, "nov"sv, "dec"sv};

struct Date {
  int year = 0;
  unsigned month = 0;
  int day = 0, hour = 0, minute = 0, second = 0;
};

void read_time(DateReader& reader, Date& date) {
  date.hour = reader.digits(2);
  reader.skip(":");
  date.minute = reader.digits(2);
  reader.skip(":");
  date.second = reader.digits(2);
}

// `Sun, 06 Nov 1994 08:49:37 GMT`, and with dashes and a short year `Sunday, 06-Nov-94 08:49:37 GMT`.
void read_date(DateReader& reader, Date& date, std::string_view separator, std::size_t year_digits) {
  reader.skip(", ");
  date.day = reader.digits(2);
  reader.skip(separator);
  date.month = reader.name(months) + 1;
  reader.skip(separator);
  date.year = reader.digits(year_digits);
  reader.skip(" ");
  read_time(reader, date);
  reader.skip(" gmt");
}

// `Sun Nov  6 08:49:37 1994`.
void read_asctime(DateReader& reader, Date& date) {
  reader.skip(" ");
  date.month = reader.name(months) + 1;
  reader.skip(" ");
  const bool one_digit = reader.starts_with(' ');
  if (one_digit) reader.skip(" ");
  date.day = reader.digits(one_digit ? 1 : 2);
  reader.skip(" ");
  read_time(reader, date);
  reader.skip(" ");
  date.year = reader.digits(4);
}

std::optional<double> to_unix(const Date& date) {
  const std::chrono::year_month_day calendar_day(std::chrono::year(date.year), std::chrono::month(date.month),
                                                 std::chrono::day(static_cast<unsigned>(date.day)));
  // 60 is a leap second, which Unix time does not count apart.
  if (!calendar_day.ok() || date.hour > 23 || date.minute > 59 || date.second > 60) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(calendar_day).time_since_epoch().count();
  return static_cast<double>(((days * 24 + date.hour) * 60 + date.minute) * 60 + date.second);
}

// The year with these last two digits that lies not more than 50 years ahead of `now`, RFC 9110 section 5.6.7.
std::optional<double> to_unix_in_century(Date date, double now) {
  constexpr int seconds_a_year = 31'556'952;
  const int this_year = 1970 + static_cast<int>(std::clamp(now, 0.0, 2e11) / seconds_a_year);
  date.year += this_year / 100 * 100 + 100;
  auto time = to_unix(date);
  // 29 February is in no year of 100 that 400 does not divide, so that a later century may lack what an earlier has.
  for (; !time || *time > now + 50.0 * seconds_a_year; time = to_unix(date)) {
    if (date.year < this_year - 200) return std::nullopt;
    date.year -= 100;
  }
  return time;
}

}  // namespace

std::optional<double> parse_http_date(std::string_view text, double now) {
  text = http::trim(text);
  const std::size_t day_size = std::min(text.find_first_of(", "), text.size());
  DateReader reader(text);
  Date date;
  if (day_size > 3) {
    reader.name(long_days);
    read_date(reader, date, "-", 2);
    return reader.is_whole() ? to_unix_in_century(date, now) : std::nullopt;
  }
  reader.name(short_days);
  if (reader.starts_with(',')) {
    read_date(reader, date, " ", 4);
  } else {
    read_asctime(reader, date);
  }
  return reader.is_whole() ? to_unix(date) : std::nullopt;
}

std::optional<std::chrono::seconds> freshness(const CacheFields& fields, double now) {
  const CacheControl said = parse_cache_control(fields.cache_control);
  if (said.must_ask) return std::chrono::seconds(0);
  std::int64_t lifetime = 0;
  if (said.max_age) {
    lifetime = *said.max_age;
  } else if (!fields.expires.empty()) {
    const auto expires = parse_http_date(fields.expires, now);
    if (!expires) return std::chrono::seconds(0);
    const double left = *expires - parse_http_date(fields.date, now).value_or(now);
    lifetime = static_cast<std::int64_t>(std::clamp(std::floor(left), 0.0, double(most_seconds)));
  } else {
    return std::nullopt;
  }
  // Caches on the way may each have added theirs: the first is the one nearest to the origin's answer.
  const std::string_view age = http::trim(fields.age.substr(0, fields.age.find(',')));
  lifetime -= parse_seconds(age).value_or(0);
  return std::chrono::seconds(std::max<std::int64_t>(lifetime, 0));
}

}  // namespace postern::keys
