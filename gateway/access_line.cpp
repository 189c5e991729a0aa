// One line of the access log, formatted on the way of each request: no allocation beside the growth of the line.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/reason.hpp"
#include "gateway/access_log.hpp"

namespace postern {
namespace {

constexpr double last_time =
    253'402'300'799.0;  // the end of the year 9999, the last that ISO 8601 writes in four digits

void put_digits(char* place, unsigned value, int width) {
  for (int i = width - 1; i >= 0; --i) {
    place[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
}

// `2026-01-31T23:59:59`, kept for the second: a busy worker writes thousands of lines in it.
std::string_view text_of_second(std::int64_t second) {
  struct Cached {
    std::int64_t second = -1;
    char text[19] = {};
  };
  static thread_local Cached cached;
  if (cached.second != second) {
    const std::chrono::sys_seconds instant{std::chrono::seconds{second}};
    const auto day = std::chrono::floor<std::chrono::days>(instant);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss time{instant - day};
    put_digits(cached.text, static_cast<unsigned>(static_cast<int>(date.year())), 4);
    put_digits(cached.text + 5, static_cast<unsigned>(date.month()), 2);
    put_digits(cached.text + 8, static_cast<unsigned>(date.day()), 2);
    put_digits(cached.text + 11, static_cast<unsigned>(time.hours().count()), 2);
    put_digits(cached.text + 14, static_cast<unsigned>(time.minutes().count()), 2);
    put_digits(cached.text + 17, static_cast<unsigned>(time.seconds().count()), 2);
    cached.text[4] = cached.text[7] = '-';
    cached.text[10] = 'T';
    cached.text[13] = cached.text[16] = ':';
    cached.second = second;
  }
  return {cached.text, sizeof cached.text};
}

void append_time(std::string& out, double unix_seconds) {
  const double time = std::isfinite(unix_seconds) ? std::clamp(unix_seconds, 0.0, last_time) : 0.0;
  const auto milliseconds = static_cast<std::int64_t>(time * 1000 + 0.5);
  char decimals[5] = {'.', '0', '0', '0', 'Z'};
  put_digits(decimals + 1, static_cast<unsigned>(milliseconds % 1000), 3);
  out += text_of_second(milliseconds / 1000);
  out.append(decimals, sizeof decimals);
}

void append_number(std::string& out, std::uint64_t number) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, static_cast<std::size_t>(end - digits));
}

// Seconds as milliseconds with three decimals; by integers, which is several times faster than printing a double.
void append_milliseconds(std::string& out, double seconds) {
  const double microseconds = std::isfinite(seconds) ? std::clamp(seconds * 1e6, 0.0, 1e15) : 0.0;
  const auto whole = static_cast<std::uint64_t>(microseconds + 0.5);
  char decimals[4] = {'.', '0', '0', '0'};
  put_digits(decimals + 1, static_cast<unsigned>(whole % 1000), 3);
  append_number(out, whole / 1000);
  out.append(decimals, sizeof decimals);
}

constexpr std::uint64_t in_each_byte(std::uint64_t byte) {
  return byte * 0x0101010101010101u;
}

// Zero when the eight bytes are ASCII that stands in JSON as it is; sometimes not zero for others, too.
constexpr std::uint64_t suspects_in(std::uint64_t word) {
  const std::uint64_t quote = (word ^ in_each_byte('"')) - in_each_byte(1);
  const std::uint64_t backslash = (word ^ in_each_byte('\\')) - in_each_byte(1);
  const std::uint64_t control = (word - in_each_byte(0x20)) | (word + in_each_byte(1));  // below space; DEL and above
  return (quote | backslash | control) & in_each_byte(0x80);
}

// Nearly every value is plain, and to see that is several times faster than to escape it.
bool is_plain(std::string_view text) {
  std::uint64_t suspects = 0;
  for (; text.size() >= sizeof(std::uint64_t); text.remove_prefix(sizeof(std::uint64_t))) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), sizeof word);
    suspects |= suspects_in(word);
  }
  std::uint64_t rest = in_each_byte(' ');
  for (const char c : text) rest = rest << 8 | static_cast<unsigned char>(c);
  return (suspects | suspects_in(rest)) == 0;
}

void append_text(std::string& out, std::string_view name_with_quotes, std::string_view value) {
  out += name_with_quotes;
  if (!is_plain(value)) return append_json_string(out, value);
  out += '"';
  out += value;
  out += '"';
}

void append_text_if_any(std::string& out, std::string_view name_with_quotes, std::string_view value) {
  if (!value.empty()) append_text(out, name_with_quotes, value);
}

// Whose token it was and how it was judged. An error of the reply says more than the decision; a line without `reason`
// is a request that nobody had to judge.
void append_judgement(std::string& out, const AccessRecord& record) {
  const Decision* decision = record.decision != nullptr && record.decision->made ? record.decision : nullptr;
  if (decision != nullptr) {
    append_text_if_any(out, ",\"iss\":", decision->issuer);
    append_text_if_any(out, ",\"sub\":", decision->subject);
    append_text_if_any(out, ",\"kid\":", decision->kid);
    append_text_if_any(out, ",\"provider\":", decision->provider);
  }
  if (record.reason != Reason::accepted) {
    append_text(out, ",\"reason\":", code_of(record.reason));
    append_text_if_any(out, ",\"detail\":", record.detail);
  } else {
    if (decision != nullptr) append_text(out, ",\"reason\":", code_of(decision->reason));
    // Without an error it tells of an end that is nobody's fault: the client left.
    const bool judged = decision != nullptr && !decision->detail.empty();
    append_text_if_any(out, ",\"detail\":", judged ? std::string_view(decision->detail) : record.detail);
  }
  if (record.observed) out += ",\"observed\":true";
}

}  // namespace

void append_access_line(std::string& out, const AccessRecord& record) {
  out += "{\"time\":\"";
  append_time(out, record.time);
  append_text(out, "\",\"route\":", record.route);
  append_text(out, ",\"method\":", record.method);
  append_text(out, ",\"path\":", record.path);
  append_text(out, ",\"host\":", record.host);
  append_text(out, ",\"client\":", record.client_address);
  out += ",\"status\":";
  append_number(out, record.status);
  out += ",\"request_bytes\":";
  append_number(out, record.request_bytes);
  out += ",\"response_bytes\":";
  append_number(out, record.response_bytes);
  out += ",\"duration_ms\":";
  append_milliseconds(out, record.duration);
  if (record.upstream_duration) {
    out += ",\"upstream_ms\":";
    append_milliseconds(out, *record.upstream_duration);
  }
  append_text_if_any(out, ",\"upstream\":", record.upstream_endpoint);
  append_judgement(out, record);
  append_text_if_any(out, ",\"trace_id\":", record.trace_id);
  if (record.side) append_text(out, ",\"side\":", name_of(*record.side));
  out += "}\n";
}

}  // namespace postern
