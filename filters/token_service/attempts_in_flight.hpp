// Attempts of this process that are counted already and not judged yet: while there are some, a limit that was reached
// may be free again in a moment.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "state/store.hpp"

namespace postern::token_service {

// Any thread.
class AttemptsInFlight {
 public:
  // The attempt is in flight as long as somebody holds this.
  using Mark = std::shared_ptr<const void>;
  Mark begin(const std::vector<state::Attempt>& attempts);

  // Whether one is in flight that counts under any of these names.
  bool any(const std::vector<state::Attempt>& attempts) const;

 private:
  struct Counts {
    std::mutex mutex;
    std::map<std::string, std::size_t> by_name;
  };

  std::shared_ptr<Counts> counts_ = std::make_shared<Counts>();
};

}  // namespace postern::token_service
