// Replies as Redis gives them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "state/redis/resp.hpp"

namespace postern::state::redis {

inline Reply text(std::string bytes) {
  return {Reply::Type::text, 0, std::move(bytes), {}};
}
inline Reply list(std::vector<Reply> items) {
  return {Reply::Type::list, 0, {}, std::move(items)};
}

}  // namespace postern::state::redis
