// Reading a token from each place of a request and taking it out. What is behind the gateway must not find a token
// there in any spelling, and everything else must still be there. Accepted is a request in which no place is doubtful.
#include "filters/token_place.hpp"

#include <array>
#include <memory_resource>
#include <optional>
#include <vector>

#include "gateway/http/parse.hpp"
#include "gateway/http/target.hpp"
#include "tests/fuzz/head_lines.hpp"

namespace {

using namespace postern;
using namespace postern::fuzz;
using filters::TokenPlace;
using Kind = TokenPlace::Kind;
using Parts = std::vector<std::string>;

TokenPlace place_of(std::string conf::TokenSource::*kind, const char* name) {
  conf::TokenSource source;
  source.*kind = name;
  return TokenPlace::from(source);
}

const std::array<TokenPlace, 5>& places() {
  using conf::TokenSource;
  static const std::array<TokenPlace, 5> all{TokenPlace::authorization(), place_of(&TokenSource::header, "X-Token"),
                                             place_of(&TokenSource::query, "access_token"),
                                             place_of(&TokenSource::websocket_protocol, "bearer"),
                                             place_of(&TokenSource::cookie, "session")};
  return all;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// The parts that are not empty, without the white space around them.
Parts split(std::string_view list, char separator) {
  Parts parts;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(separator), list.size());
    const std::string_view part = trimmed(list.substr(0, end));
    if (!part.empty()) parts.emplace_back(part);
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return parts;
}

std::string query_decoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string hex = lower_case(text.substr(i, 3));
    if (hex.size() == 3 && hex[0] == '%' && digits.find(hex[1]) != digits.npos && digits.find(hex[2]) != digits.npos) {
      out += static_cast<char>(digits.find(hex[1]) * 16 + digits.find(hex[2]));
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

std::string_view name_of(std::string_view pair) {
  return pair.substr(0, pair.find('='));
}

// Every list of the fields of that name that go on, in a row; `folded` as fold_name() gives it.
Parts lists_of(const http::RequestHead& head, std::string_view folded, char separator) {
  Parts parts;
  for (const http::Field& field : head.fields) {
    if (field.removed || fold_name(field.name) != folded) continue;
    for (std::string& part : split(field.value, separator)) parts.push_back(std::move(part));
  }
  return parts;
}

bool is_bearer(std::string_view value) {
  if (!lower_case(value).starts_with("bearer")) return false;
  constexpr std::string_view others = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz";
  return value.size() == 6 || others.find(lower_case(value)[6]) == others.npos;
}

bool is_session_cookie(std::string_view pair) {
  pair.remove_prefix(std::min(pair.find_first_not_of("= \t"), pair.size()));
  return lower_case(trimmed(name_of(pair))) == "session";
}

// All that goes on, of each place apart, less the tokens; what is asked twice is asked before and after the removal.
struct Rest {
  Parts headers;  // `name: value` of all fields in which no place is a part of a list
  Parts query, cookies, protocols;
  bool operator==(const Rest&) const = default;
};

Rest rest_of(const http::RequestHead& head) {
  Rest rest;
  for (const http::Field& field : head.fields) {
    const std::string name = fold_name(field.name);
    if (field.removed || name == "cookie" || name == "sec-websocket-protocol" || name == "x-token") continue;
    if (name == "authorization" && is_bearer(field.value)) continue;
    rest.headers.push_back(name + ": " + std::string(field.value));
  }
  for (std::string& part : split(head.query, '&')) {
    if (query_decoded(name_of(part)) != "access_token") rest.query.push_back(std::move(part));
  }
  for (std::string& pair : lists_of(head, "cookie", ';')) {
    if (!is_session_cookie(pair)) rest.cookies.push_back(std::move(pair));
  }
  bool is_token = false;
  for (std::string& element : lists_of(head, "sec-websocket-protocol", ',')) {
    const bool announces = !is_token && element == "bearer";
    if (!is_token && !announces) rest.protocols.push_back(std::move(element));
    is_token = announces;
  }
  return rest;
}

// What an upstream may find where tokens stand.
void check_nothing_left(const http::RequestHead& head) {
  for (const http::Field& field : head.fields) {
    if (field.removed) continue;
    const std::string name = fold_name(field.name);
    require(name != "x-token", "no field is left that may be read as the one of the token");
    require(name != "authorization" || !is_bearer(field.value), "no bearer token is left in Authorization");
  }
  for (const std::string& part : split(head.query, '&')) {
    require(query_decoded(name_of(part)) != "access_token", "no parameter is left that decodes to the token's name");
  }
  for (const std::string& pair : lists_of(head, "cookie", ';')) {
    require(!is_session_cookie(pair), "no cookie of the name is left, in any letters");
  }
  for (const std::string& element : lists_of(head, "sec-websocket-protocol", ',')) {
    require(element != "bearer", "the subprotocol before the token is not left");
  }
}

Verdict judge(std::string_view input) {
  std::pmr::monotonic_buffer_resource memory;
  http::RequestHead head;
  const auto size = http::parse_request_head(input, {.fields = 100, .bytes = 16 * 1024}, head);
  if (!size) return refused(size.error());
  if (const auto target = http::judge_target(head, memory); !target) return refused(target.error());
  std::optional<Refusal> refusal;
  for (const TokenPlace& place : places()) {
    const auto token = filters::read_token(place, head);
    if (!token && !refusal) refusal = token.error();
  }
  const Rest before = rest_of(head);
  for (const TokenPlace& place : places()) filters::remove_token(place, head, memory);
  check_nothing_left(head);
  require(rest_of(head) == before, "all that is no token goes on as it came");
  require(head.has_query || head.query.empty(), "a query that is there is said to be there");
  for (const TokenPlace& place : places()) {
    const auto again = filters::read_token(place, head);
    // Two fields of other schemes stay, and stay too many: such a request goes nowhere.
    require(again ? again->empty() : refusal.has_value(), "where a token was taken out there is none");
  }
  return refusal ? refused(*refusal) : accepted();
}

}  // namespace

POSTERN_FUZZ_TARGET("token_place")
