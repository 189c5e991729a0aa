#include "gateway/provider_status.hpp"

#include <cmath>

#include "base/json.hpp"

namespace postern {
namespace {

Json text(std::string_view value) {
  return Json(std::string(value));
}

Json number(std::uint64_t value) {
  return Json(Json::Number{std::to_string(value)});
}

// Whole seconds: nobody needs more.
Json seconds(const std::optional<double>& value) {
  return value ? Json(Json::Number{std::to_string(std::llround(*value))}) : Json();
}

Json key_to_json(const ProviderStatus::Key& key) {
  Json::Object object{{"kid", text(key.kid)}, {"kty", text(key.kty)}, {"bits", number(key.bits)}};
  if (!key.alg.empty()) object.emplace_back("alg", text(key.alg));
  if (!key.use.empty()) object.emplace_back("use", text(key.use));
  return Json(std::move(object));
}

Json to_value(const ProviderStatus& status) {
  Json::Array issuers, keys, skipped;
  for (const std::string& issuer : status.issuers) issuers.push_back(text(issuer));
  for (const auto& key : status.keys) keys.push_back(key_to_json(key));
  for (const auto& [key, reason] : status.skipped) {
    skipped.push_back(Json(Json::Object{{"key", text(key)}, {"reason", text(reason)}}));
  }
  Json::Object fetches;
  for (const auto& [result, count] : status.fetches) fetches.emplace_back(result, number(count));
  return Json(Json::Object{{"name", text(status.name)},
                           {"issuers", Json(std::move(issuers))},
                           {"source", text(status.source)},
                           {"state", text(name_of(status.state))},
                           {"keys", Json(std::move(keys))},
                           {"skipped", Json(std::move(skipped))},
                           {"age_seconds", seconds(status.age)},
                           {"next_fetch_seconds", seconds(status.next_fetch)},
                           {"last_error", status.last_error.empty() ? Json() : text(status.last_error)},
                           {"failures_in_a_row", number(status.failures_in_a_row)},
                           {"fetches", Json(std::move(fetches))},
                           {"waiting_requests", number(status.waiting_requests)},
                           {"unknown_kid_refusals", number(status.unknown_kid_refusals)}});
}

}  // namespace

std::string_view name_of(ProviderStatus::State state) noexcept {
  switch (state) {
    case ProviderStatus::State::loading:
      return "loading";
    case ProviderStatus::State::ready:
      return "ready";
    case ProviderStatus::State::stale:
      return "stale";
    case ProviderStatus::State::unavailable:
      break;
  }
  return "unavailable";
}

std::string to_json(const std::vector<ProviderStatus>& providers) {
  Json::Array all;
  for (const ProviderStatus& status : providers) all.push_back(to_value(status));
  return Json(Json::Object{{"providers", Json(std::move(all))}}).to_text() + "\n";
}

}  // namespace postern
