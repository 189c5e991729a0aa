#include "state/sealed_successor.hpp"

namespace postern::state {
namespace {

// The session is part of the key, so that no data need be associated with it.
Secret sealing_key(const Secret& used, std::string_view sid) {
  return hkdf_sha256(used, sid, "postern refresh successor 1", aes_256_key_bytes);
}

}  // namespace

SealedSuccessor seal_successor(const Secret& used, std::string_view sid, const Secret& successor, Millis opens_until,
                               FillRandom random) {
  std::string bytes(gcm_nonce_bytes, '\0');
  random(bytes.data(), bytes.size());
  bytes += seal_aes_256_gcm(sealing_key(used, sid), bytes, successor.reveal(), {});
  return {std::move(bytes), opens_until};
}

std::optional<Secret> open_successor(const SealedSuccessor& sealed, const Secret& used, std::string_view sid,
                                     Millis now) {
  const std::string_view bytes = sealed.bytes;
  if (now >= sealed.opens_until || bytes.size() < gcm_nonce_bytes) return std::nullopt;
  return open_aes_256_gcm(sealing_key(used, sid), bytes.substr(0, gcm_nonce_bytes), bytes.substr(gcm_nonce_bytes), {});
}

}  // namespace postern::state
