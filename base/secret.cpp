#include "base/secret.hpp"

#include <openssl/crypto.h>

namespace postern {

void Secret::wipe() noexcept {
  bytes_.resize(bytes_.capacity());  // never reallocates: moved-from and short strings keep bytes past their size
  OPENSSL_cleanse(bytes_.data(), bytes_.size());
  bytes_.clear();
}

}  // namespace postern
