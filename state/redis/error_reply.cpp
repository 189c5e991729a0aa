#include "state/redis/error_reply.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace postern::state::redis {
namespace {

using Error = StoreError::Kind;
struct Known {
  std::string_view word;
  ErrorReply meaning;
};
constexpr auto known = std::to_array<Known>({
    {"NOAUTH", {Error::refused}},
    {"WRONGPASS", {Error::refused}},
    {"NOPERM", {Error::refused}},
    {"READONLY", {Error::read_only, true}},
    {"OOM", {Error::read_only}},
    {"MISCONF", {Error::read_only}},
    {"NOREPLICAS", {Error::read_only, true}},
    {"LOADING", {Error::busy}},
    {"BUSY", {Error::busy}},
    {"TRYAGAIN", {Error::busy}},
    {"CLUSTERDOWN", {Error::busy}},
    {"MASTERDOWN", {Error::busy}},
    {"NOSCRIPT", {Error::busy, true}},
    {"MOVED", {Error::busy, true}},
    {"ASK", {Error::busy}},
    {"UNBLOCKED", {Error::unreachable, true}},
    {"LATE", {Error::unreachable, true}},
});

std::string_view word_at(std::string_view text) {
  return text.substr(0, text.find(' '));
}

const Known* find(std::string_view word) {
  const auto* const found =
      std::find_if(known.begin(), known.end(), [&](const Known& one) { return one.word == word; });
  return found == known.end() ? nullptr : found;
}

}  // namespace

ErrorReply judge_error_reply(std::string_view text) noexcept {
  if (const Known* const one = find(word_at(text))) return one->meaning;
  // Redis 7.0 says so of what a script may not do, without a word of its own.
  if (text.starts_with("ERR The user executing the script")) return {Error::refused};
  if (!text.starts_with("ERR Error running script")) return {};
  for (std::size_t at = text.find(" -"); at != text.npos; at = text.find(" -", at + 2)) {
    if (const Known* const one = find(word_at(text.substr(at + 2)))) return one->meaning;
  }
  return {};
}

tl::expected<Reply, StoreError> outcome_of(Reply reply) {
  if (reply.type != Reply::Type::error) return reply;
  return tl::unexpected(StoreError{judge_error_reply(reply.text).kind, "Redis refuses a call: " + reply.text});
}

std::optional<conf::RedisAddress> parse_moved(std::string_view text) {
  constexpr std::string_view verb = "MOVED ";
  const std::size_t space = text.rfind(' ');
  const std::size_t colon = text.rfind(':');
  if (!text.starts_with(verb) || space < verb.size() || colon == text.npos || colon < space) return std::nullopt;
  const std::string_view port = text.substr(colon + 1);
  conf::RedisAddress node{std::string(text.substr(space + 1, colon - space - 1)), 0};
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), node.port);
  if (error != std::errc() || end != port.data() + port.size() || node.port == 0) return std::nullopt;
  return node;
}

}  // namespace postern::state::redis
