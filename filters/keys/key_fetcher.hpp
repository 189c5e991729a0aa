// From an issuer to its keys: discovery where it is needed, the fetch, and what came of it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "filters/jose/jwks.hpp"
#include "filters/keys/fetch.hpp"
#include "filters/keys/schedule.hpp"
#include "filters/keys/url_turns.hpp"

namespace postern::keys {

struct RemoteConfig {
  std::string name;                  // of the provider, for the log
  std::vector<std::string> issuers;  // that a metadata document may name
  std::optional<conf::Url> jwks_uri;
  std::vector<conf::Url> metadata;  // in the order in which they are tried; not used with a jwks_uri
  FetchOptions fetch;
  ScheduleLimits limits;
  std::string kept_in;   // folder; empty: nowhere
  std::string document;  // what is fetched, for which issuers
  std::string identity;  // the same and how; may hold secrets: for comparing, not for showing
  std::string kept_as;   // kept_source() of both
};

// What a fetch brought, or why it brought nothing.
struct FetchedKeys {
  std::string result;  // the metric's label
  std::string error;   // empty: good
  std::optional<jose::LoadedKeys>
      loaded;            // none: not modified. Also of a set without a usable key, for what was skipped
  std::string document;  // as received
  std::string jwks_uri;
  std::string date;  // of the response, as received
  std::optional<std::chrono::milliseconds> fresh_for;

  bool good() const noexcept { return error.empty(); }
};

// Knows what it found and fetched before. One fetch at a time.
class KeyFetcher {
 public:
  // `observe` is told each step of each fetch; may be empty.
  explicit KeyFetcher(UrlTurns& turns, Observe observe = {}) : turns_(turns), observe_(std::move(observe)) {}

  // `config` must live until the end. Where the keys are is asked for again when that is as old as keys may get, and
  // earlier when a token's key was not where they have been (`looks_elsewhere`).
  Task<FetchedKeys> fetch(const RemoteConfig& config, bool looks_elsewhere = false);
  // The next fetch asks for the keys even if they have not changed.
  void forget() noexcept { etag_.clear(); }

 private:
  Task<std::optional<FetchedKeys>> find(const RemoteConfig& config, bool looks_elsewhere);
  Task<tl::expected<conf::Url, FetchedKeys>> discover(const RemoteConfig& config);

  void observe(std::string_view step, const std::string& what) const {
    if (observe_) observe_(step, what);
  }

  UrlTurns& turns_;
  Observe observe_;
  std::optional<conf::Url> discovered_;
  bool discovery_works_ = true;
  Instant rediscover_at_ = Instant::min();
  std::string etag_;
  std::optional<std::chrono::milliseconds> fresh_for_;
};

}  // namespace postern::keys
