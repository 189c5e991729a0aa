// What the filters keep for each worker and snapshot; no other thread touches it.
#pragma once

#include "conf/config.hpp"
#include "filters/jose/compact.hpp"
#include "filters/jose/signature.hpp"
#include "filters/refused_tokens.hpp"
#include "filters/token_cache.hpp"
#include "gateway/request_context.hpp"
#include "state/revocation_table.hpp"

namespace postern::filters {

struct FilterWorkerState final : WorkerState {
  explicit FilterWorkerState(std::size_t token_cache_bytes = conf::Limits().token_cache.count)
      : tokens(token_cache_bytes) {}

  // What tells whether a request is still allowed stays.
  void retire() noexcept override {
    tokens.clear();
    refused.clear();
    headers = {};
  }

  TokenCache tokens;
  RefusedTokens refused;
  jose::HeaderMemo headers;
  jose::SignatureContexts contexts;
  state::RevocationTable::View revocations;
};

}  // namespace postern::filters
