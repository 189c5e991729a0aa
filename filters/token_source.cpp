#include "filters/token_source.hpp"

#include <algorithm>

namespace postern::filters {

TokenSources::TokenSources(const std::vector<conf::TokenSource>& sources, std::size_t token_bytes)
    : token_bytes_(token_bytes) {
  for (const auto& source : sources) places_.push_back(TokenPlace::from(source));
  if (places_.empty()) places_.push_back(TokenPlace::authorization());
  std::stable_partition(places_.begin(), places_.end(),
                        [](const TokenPlace& place) { return place.kind != TokenPlace::Kind::cookie; });
}

tl::expected<FoundToken, Refusal> TokenSources::find(const http::RequestHead& head) const {
  FoundToken found;
  for (const TokenPlace& place : places_) {
    const bool cookie = place.kind == TokenPlace::Kind::cookie;
    if (cookie && !found.token.empty()) break;
    auto token = read_token(place, head);
    if (!token) return tl::unexpected(std::move(token.error()));
    if (token->empty()) continue;
    if (!found.token.empty()) return tl::unexpected(Refusal(Reason::token_multiple, "tokens stand in two places"));
    found = {*token, cookie};
  }
  if (found.token.size() > token_bytes_) {
    return tl::unexpected(Refusal(Reason::token_too_large, "the token has " + std::to_string(found.token.size()) +
                                                               " bytes, the limit is " + std::to_string(token_bytes_)));
  }
  return found;
}

void TokenSources::remove(http::RequestHead& head, std::pmr::memory_resource& memory) const {
  for (const TokenPlace& place : places_) remove_token(place, head, memory);
}

std::string_view TokenSources::protocol_to_select(const http::RequestHead& head) const noexcept {
  const bool taken_out = std::any_of(head.fields.begin(), head.fields.end(), [](const http::Field& field) {
    return field.removed && field.known == http::KnownField::sec_websocket_protocol;
  });
  if (!taken_out) return {};
  for (const TokenPlace& place : places_) {
    if (place.kind == TokenPlace::Kind::websocket_protocol) return place.name;
  }
  return {};
}

}  // namespace postern::filters
