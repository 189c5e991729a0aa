// The response to one request of a fetch, read within bounds.
#pragma once

#include <string>

#include "filters/keys/fetch_connection.hpp"

namespace postern::keys {

struct FetchAnswer {
  Fetched fetched;  // of any status; without `url`
  std::string location;
  std::string content_encoding;  // all fields of that name as one list
};

// Reads the answer to a request of `method` that was sent on `connection`. The body only of a 200, decoded, with at
// most `options.body_limit` bytes before and after it; nobody here wants another's. Fails with a response that is not
// HTTP/1.1 to the letter, a head above 16 KiB, a body that is too long or ends early.
Task<MaybeFailure> read_answer(FetchConnection& connection, http::Method method, const FetchOptions& options,
                               FetchDeadline& deadline, const Observe& observe, FetchAnswer& answer);

}  // namespace postern::keys
