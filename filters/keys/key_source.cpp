#include "filters/keys/key_source.hpp"

#include "filters/keys/describe.hpp"

namespace postern::keys {

LocalKeys::LocalKeys(jose::KeySet keys, std::string source, std::vector<jose::SkippedKey> skipped) {
  status_.source = std::move(source);
  status_.state = ProviderStatus::State::ready;
  status_.keys = describe(keys);
  for (auto& [name, reason] : skipped) status_.skipped.emplace_back(std::move(name), std::move(reason));
  publish(std::make_shared<const jose::KeySet>(std::move(keys)));
}

}  // namespace postern::keys
