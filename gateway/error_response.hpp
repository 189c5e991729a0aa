// The one place where a refusal becomes HTTP: problem+json (RFC 9457) with RFC 6750's members; the same as plain JSON
// at OAuth's endpoints (RFC 6749 section 5.2).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/reason.hpp"

namespace postern {

enum class Side : std::uint8_t { downstream, upstream, gateway, provider };

// The HTTP status of a refusal: 401 by a provider's rules, 403 by the route's, 400 of a grant at OAuth's endpoints,
// 431, 413, 503 ...
unsigned status_of(Reason reason, CheckedBy checked_by) noexcept;

// Whose fault it was, for the log.
Side side_of(Reason reason) noexcept;
std::string_view name_of(Side side) noexcept;

using ErrorField = std::pair<std::string, std::string>;  // name, value

struct ErrorReply {
  unsigned status = 500;
  std::vector<ErrorField> fields;  // Content-Type, Cache-Control, WWW-Authenticate
  std::string body;
  bool close = false;  // the connection's state is not to be trusted after this refusal (framing, timeouts)
};

// What any request that is refused so is answered. It stays where it is as long as the process. The first call makes all
// replies, which takes memory.
const ErrorReply& error_reply(const Refusal& refusal);

// What the request's route knows of a refusal.
struct ErrorFacts {
  std::string_view allow;               // for method_not_allowed
  std::span<const std::string> scopes;  // for scope_insufficient
};

// The field that error_reply() lacks because it differs from request to request: Retry-After, Allow, or the
// WWW-Authenticate that names scopes.
std::optional<ErrorField> error_field(const Refusal& refusal, const ErrorFacts& facts);

// "Not Found" for 404; empty when unknown.
std::string_view status_phrase(unsigned status) noexcept;

}  // namespace postern
