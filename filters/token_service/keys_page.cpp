#include "filters/token_service/keys_page.hpp"

#include <utility>

#include "base/clock.hpp"
#include "filters/token_service/json_values.hpp"
#include "filters/token_service/millis.hpp"

namespace postern::token_service {
namespace {

// A key's own times may let it sign while a later one does.
const char* phase_among(const state::SigningKeyRecord& key, const state::SigningKeyRecord* signer, state::Millis now) {
  if (&key == signer) return "signing";
  switch (state::phase_at(key, now)) {
    case state::KeyPhase::published:
      return "published";
    case state::KeyPhase::signing:
    case state::KeyPhase::verifying:
      return "verifying";
    case state::KeyPhase::gone:
      break;
  }
  return "retired";
}

AdminReply list_of(const SigningKeys& keys, const std::string& error) {
  const state::SigningKeySet known = keys.known();
  if (known.keys.empty() && !error.empty()) return {503, "the signing keys cannot be read: " + error + "\n"};
  AdminReply reply(200, keys_text(known, to_millis(unix_now()), error) + "\n");
  reply.content_type = "application/json";
  return reply;
}

Task<AdminReply> list(std::shared_ptr<SigningKeys> keys) {
  keys::Waited waited = co_await keys->await_fetch(keys::Wanted::any_keys);
  if (waited == keys::Waited::for_older) {  // which may not have seen what was just done by another gateway
    waited = co_await keys->await_fetch(keys::Wanted::any_keys);
  }
  std::string error;
  if (waited == keys::Waited::not_at_all) {
    error = keys->status().last_error;
    if (error.empty()) error = "the store does not answer";
  }
  co_return list_of(*keys, error);
}

Task<AdminReply> rotate(std::shared_ptr<SigningKeys> keys) {
  if (keys->known().keys.size() >= most_keys) {
    co_return AdminReply(409, "there are too many signing keys; one must retire before another is made\n");
  }
  const auto made = co_await keys->rotate();
  if (!made) co_return AdminReply(503, "no other key signs, as far as is known: " + made.error() + "\n");
  co_return list_of(*keys, {});
}

}  // namespace

std::string keys_text(const state::SigningKeySet& set, state::Millis now, const std::string& error) {
  const state::SigningKeyRecord* const signer = state::signing_key(set, now);
  Json::Array listed;
  for (const state::SigningKeyRecord& key : set.keys) {
    listed.emplace_back(Json::Object{{"kid", json_text(key.kid)},
                                     {"alg", json_text(key.alg)},
                                     {"phase", json_text(phase_among(key, signer, now))},
                                     {"created", json_seconds(to_seconds(key.created))},
                                     {"signs_from", json_seconds(to_seconds(key.signs_from))},
                                     {"signs_until", json_seconds(to_seconds(key.signs_until))},
                                     {"retired", json_seconds(to_seconds(key.retired))}});
  }
  Json::Object members{{"keys", Json(std::move(listed))}};
  if (!error.empty()) members.emplace_back("error", json_text(error));
  return Json(std::move(members)).to_text();
}

std::vector<AdminPage> keys_pages(std::shared_ptr<SigningKeys> keys) {
  return {{"/keys", "GET, HEAD", [keys](const AdminRequest&) { return list(keys); }},
          {"/keys/rotate", "POST", [keys](const AdminRequest&) { return rotate(keys); }}};
}

}  // namespace postern::token_service
