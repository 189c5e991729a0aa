// When a request may be sent again. Pure.
#pragma once

#include <cstddef>

namespace postern {

// A failed attempt, before anything was sent to the client.
struct FailedAttempt {
  bool connect_failed = false;     // nothing of the request was sent
  bool reused = false;             // on a connection that had served before: the upstream may just have closed it
  bool response_began = false;     // a byte of a response came
  bool interrupted = false;        // by a deadline, or the client left
  bool resendable = false;         // no body, or all of it still at hand
  bool idempotent = false;         // RFC 9110 section 9.2.2
  std::size_t fresh_attempts = 0;  // made so far on new connections, this one included
  std::size_t endpoints = 1;
};

// Safe when nothing can have happened at the upstream, or when it may happen twice. A reused connection that failed
// costs no endpoint its turn.
constexpr bool may_retry(const FailedAttempt& attempt) noexcept {
  if (attempt.interrupted || attempt.response_began) return false;
  const bool endpoint_left = attempt.fresh_attempts < attempt.endpoints;
  if (attempt.connect_failed) return endpoint_left;
  return attempt.resendable && attempt.idempotent && (attempt.reused || endpoint_left);
}

}  // namespace postern
