#include "filters/token_service/attempts_in_flight.hpp"

#include <algorithm>
#include <utility>

namespace postern::token_service {

AttemptsInFlight::Mark AttemptsInFlight::begin(const std::vector<state::Attempt>& attempts) {
  std::vector<std::string> names;
  for (const state::Attempt& attempt : attempts) names.push_back(attempt.name);
  {
    const std::lock_guard lock(counts_->mutex);
    for (const std::string& name : names) ++counts_->by_name[name];
  }
  const auto end = [counts = counts_, names = std::move(names)](const void*) {
    const std::lock_guard lock(counts->mutex);
    for (const std::string& name : names) {
      const auto found = counts->by_name.find(name);
      if (--found->second == 0) counts->by_name.erase(found);
    }
  };
  return {counts_.get(), end};
}

bool AttemptsInFlight::any(const std::vector<state::Attempt>& attempts) const {
  const std::lock_guard lock(counts_->mutex);
  return std::any_of(attempts.begin(), attempts.end(),
                     [&](const state::Attempt& attempt) { return counts_->by_name.contains(attempt.name); });
}

}  // namespace postern::token_service
