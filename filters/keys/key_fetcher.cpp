#include "filters/keys/key_fetcher.hpp"

#include <algorithm>

#include "base/clock.hpp"
#include "filters/keys/discovery.hpp"
#include "filters/keys/fetch_request.hpp"
#include "filters/keys/freshness.hpp"

namespace postern::keys {
namespace {

using Clock = std::chrono::steady_clock;

// What was discovered is asked for again with each regular fetch, and after an hour at the latest. Of max_refresh a
// part, since the fetch after it may begin a little early.
milliseconds discovery_lifetime(const ScheduleLimits& limits) {
  constexpr std::chrono::hours longest{1};
  return std::min<milliseconds>(longest, limits.max_refresh) / 10 * 9;
}

FetchedKeys failure(std::string label, std::string why) {
  FetchedKeys failed;
  failed.result = std::move(label);
  failed.error = std::move(why);
  return failed;
}

FetchedKeys failure(const FetchFailure& failed) {
  if (failed.timed_out) return failure("timeout", failed.detail);
  return failure(failed.status != 0 ? "status" : std::string(name_of(failed.phase)), failed.detail);
}

}  // namespace

// The URL of the keys by the first metadata document that can be had; the first failure is the one that is told.
Task<tl::expected<conf::Url, FetchedKeys>> KeyFetcher::discover(const RemoteConfig& config) {
  std::optional<FetchedKeys> first;
  for (const conf::Url& url : config.metadata) {
    const UrlTurns::Turn turn = co_await turns_.take(url.to_text());
    auto fetched = co_await keys::fetch(url, "", config.fetch, observe_);
    std::optional<FetchedKeys> failed;
    bool others_may_answer = true;
    if (!fetched) {
      failed = failure(fetched.error());
      failed->error = url.to_text() + ": " + failed->error;
      others_may_answer = fetched.error().status != 0;
    } else {
      const auto found = read_metadata(fetched->body, config.issuers);
      const auto parsed = found ? conf::parse_url(*found) : tl::unexpected(found.error());
      if (parsed) {
        observe("metadata", "jwks_uri is " + parsed->to_text());
        co_return *parsed;
      }
      failed = failure("metadata", url.to_text() + ": " + parsed.error());
    }
    if (!others_may_answer) co_return tl::unexpected(first ? std::move(*first) : std::move(*failed));
    observe("tried", failed->error);
    if (!first) first = std::move(failed);
  }
  co_return tl::unexpected(first ? std::move(*first) : failure("metadata", "no metadata URL"));
}

// Sets discovered_ where that is due. A failure only where nothing was discovered before: a metadata document that
// cannot be had keeps nobody from keys that can, nor, where it hangs, a token from its key more than once.
Task<std::optional<FetchedKeys>> KeyFetcher::find(const RemoteConfig& config, bool looks_elsewhere) {
  const Instant now = Clock::now();
  const bool is_due = !discovered_ || now >= rediscover_at_ || (looks_elsewhere && discovery_works_);
  if (!is_due) co_return std::nullopt;
  auto found = co_await discover(config);
  discovery_works_ = found.has_value();
  rediscover_at_ = now + discovery_lifetime(config.limits);
  if (!found && !discovered_) co_return std::move(found.error());
  if (found && discovered_ != *found) etag_.clear();
  if (found) discovered_ = std::move(*found);
  co_return std::nullopt;
}

Task<FetchedKeys> KeyFetcher::fetch(const RemoteConfig& config, bool looks_elsewhere) {
  std::optional<conf::Url> url = config.jwks_uri;
  if (!url) {
    std::optional<FetchedKeys> failed = co_await find(config, looks_elsewhere);
    if (failed) co_return std::move(*failed);
    url = discovered_;
  }
  const std::string address = url->to_text();
  FetchOptions options = config.fetch;
  // They may be credentials: they go where the configuration points, and nowhere else.
  if (!config.jwks_uri && !same_origin(*url, config.metadata.front())) options.headers.clear();
  const UrlTurns::Turn turn = co_await turns_.take(address);
  auto fetched = co_await keys::fetch(*url, etag_, options, observe_);
  FetchedKeys outcome;
  if (!fetched) {
    outcome = failure(fetched.error());
  } else if (fetched->status == 304) {
    outcome.result = "not_modified";
  } else {
    auto loaded = jose::parse_jwks(fetched->body, /*allow_secret=*/false);
    if (!loaded) {
      outcome = failure("malformed", loaded.error());
    } else if (loaded->keys.empty()) {
      outcome = failure("no_keys", "no usable key");
      outcome.loaded = std::move(*loaded);  // what was skipped is told
    } else {
      outcome.result = "ok";
      outcome.loaded = std::move(*loaded);
      outcome.document = std::move(fetched->body);
      etag_ = std::move(fetched->etag);
    }
  }
  outcome.jwks_uri = address;
  if (!outcome.good()) {
    outcome.error = address + ": " + outcome.error;
    rediscover_at_ = Instant::min();  // it may have moved
  } else {
    outcome.date = fetched->date;
    outcome.fresh_for = freshness({fetched->cache_control, fetched->expires, fetched->date, fetched->age}, unix_now());
    // What a 304 does not say anew stays as the document said it (RFC 9111 section 4.3.4).
    if (fetched->status == 304 && !outcome.fresh_for) outcome.fresh_for = fresh_for_;
    fresh_for_ = outcome.fresh_for;
  }
  co_return outcome;
}

}  // namespace postern::keys
