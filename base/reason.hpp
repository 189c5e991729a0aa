// The reason codes: one set for replies, logs, metrics and `postern explain`. Codes are added, never renamed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace postern {

enum class Reason : std::uint8_t {
  accepted,  // no refusal; never sent to a client
  token_missing,
  token_malformed,
  token_too_large,
  token_multiple,
  algorithm_not_allowed,
  key_unknown,
  keys_unavailable,
  signature_invalid,
  token_expired,
  token_not_yet_valid,
  token_lifetime_too_long,
  issuer_unknown,
  audience_mismatch,
  type_mismatch,
  claim_missing,
  claim_mismatch,
  scope_insufficient,
  token_revoked,
  proof_missing,
  claim_unusable,
  origin_refused,
  credentials_invalid,
  credentials_unavailable,
  client_invalid,
  client_not_allowed,
  grant_unsupported,
  scope_invalid,
  refresh_token_invalid,
  refresh_token_expired,
  refresh_token_reused,
  store_unavailable,
  rate_limited,
  route_not_found,
  method_not_allowed,
  method_not_implemented,
  request_malformed,
  request_timeout,
  encoding_not_implemented,
  expectation_failed,
  header_too_large,
  body_too_large,
  out_of_memory,
  upstream_unavailable,
  upstream_overloaded,
  upstream_timeout,
  upstream_malformed,
  count_  // the number of reasons; not a reason
};

// The stable code, e.g. "token_expired".
std::string_view code_of(Reason reason) noexcept;

// One English sentence without anything of the request in it, e.g. "The access token was revoked."
std::string_view sentence_of(Reason reason) noexcept;

// Whose check refused: a provider's rules (401), the route's own (403), or one of OAuth's endpoints, whose errors are
// RFC 6749's (section 5.2: 400).
enum class CheckedBy : std::uint8_t { provider, route, oauth_endpoint };

// Why a request or token was refused. `detail` is for the operator (log, explain), never for the client.
struct Refusal {
  Reason reason = Reason::accepted;
  std::string detail;
  CheckedBy checked_by = CheckedBy::provider;
  std::int64_t retry_after = 5;  // seconds, for 429 and 503

  Refusal() = default;
  Refusal(Reason why, std::string operator_detail = {}, CheckedBy by = CheckedBy::provider)
      : reason(why), detail(std::move(operator_detail)), checked_by(by) {}
};

}  // namespace postern
