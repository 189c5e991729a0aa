#include "filters/key_wait.hpp"

namespace postern::filters {

bool lacks_key(Reason reason, const jose::Token& token, const Provider& provider) {
  if (!provider.source->is_remote()) return false;
  if (reason == Reason::key_unknown || reason == Reason::keys_unavailable) return true;
  if (reason != Reason::signature_invalid) return false;
  const keys::KeysPtr keys = provider.source->keys();
  return keys == nullptr || token.jws.kid().empty() || !keys->knows(token.jws.kid());
}

Refusal decided(Refusal refused, const jose::Token& token, const Provider& provider) {
  if (refused.reason == Reason::keys_unavailable) return refused;  // which is said already
  if (!lacks_key(refused.reason, token, provider) || !provider.source->is_failing()) return refused;
  return Refusal(Reason::keys_unavailable, refused.detail + "; fetching keys fails");
}

Task<bool> KeyWait::for_newer(Reason reason) {
  if (fetches_left_ == 0) co_return false;
  --fetches_left_;
  const keys::Wanted wanted = reason == Reason::keys_unavailable ? keys::Wanted::any_keys : keys::Wanted::unknown_kid;
  const keys::Waited waited = co_await provider_.source->await_fetch(wanted);
  const std::uint64_t version = provider_.source->version();
  if (waited == keys::Waited::not_at_all && version == judged_by_) co_return false;  // else they came in between
  if (waited == keys::Waited::for_own) fetches_left_ = 0;
  judged_by_ = version;
  co_return true;
}

}  // namespace postern::filters
