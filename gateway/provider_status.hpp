// What operators are told about a provider's keys: on the admin listener, in metrics, for readiness.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace postern {

struct ProviderStatus {
  enum class State : std::uint8_t {
    loading,      // never had keys, and no fetch has failed yet
    ready,        // keys, and the last fetch was good; always, with keys from files
    stale,        // keys, but the last fetch failed or they are kept from an earlier process
    unavailable,  // no keys: requests get 503
  };
  struct Key {
    std::string kid, kty, alg, use;
    std::uint32_t bits = 0;
  };

  std::string name;
  std::vector<std::string> issuers;
  bool remote = false;
  std::string source;  // the URL of the keys, or of the metadata as long as that is all that is known; the files
  State state = State::loading;
  std::vector<Key> keys;
  std::vector<std::pair<std::string, std::string>> skipped;  // key and reason
  std::optional<double> age;                                 // seconds since the last good fetch
  std::optional<double> next_fetch;                          // seconds from now
  std::string last_error;                                    // of the last fetch, empty when it was good
  std::uint64_t failures_in_a_row = 0;
  std::map<std::string, std::uint64_t> fetches;  // by result
  std::uint64_t waiting_requests = 0;
  std::uint64_t unknown_kid_refusals = 0;

  // What is known of revoked tokens, the same for every provider; nothing where none can be revoked.
  struct Revocations {
    bool following = false;  // what others revoke is heard of
    std::uint64_t count = 0;
  };
  std::optional<Revocations> revocations;

  // Whether its tokens can be judged: their keys are known, and whether they were revoked.
  bool can_judge() const noexcept {
    return (state == State::ready || state == State::stale) && (!revocations || revocations->following);
  }
};

std::string_view name_of(ProviderStatus::State state) noexcept;

// `{"providers":[...]}` for people and programs; never a key's material, nor anything of a secret.
std::string to_json(const std::vector<ProviderStatus>& providers);

}  // namespace postern
