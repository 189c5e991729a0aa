// What a token costs that was never seen before, beside the one signature check that it cannot do without. Both are
// measured in one process in turn, so that their ratio says what the rest costs: parsing, every check, the identity,
// its header lines, its place in the cache.
#include <benchmark/benchmark.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "filters/claim_headers.hpp"
#include "filters/jose/openssl_ptr.hpp"
#include "filters/jwt.hpp"
#include "tests/unit/filters/issuer.hpp"

namespace {

using namespace postern;
using namespace postern::filters;

constexpr std::size_t tokens = 10'000;
// Of them, what the cache holds: a few that stay in the processor's cache, and so many that each comes from memory.
constexpr std::size_t few = 16;
constexpr std::size_t thousands = 8'000;

// Made once for each algorithm: signing takes longer than what is measured.
const std::vector<std::string>& tokens_of(std::string_view alg) {
  static std::map<std::string_view, std::vector<std::string>> made;
  std::vector<std::string>& all = made[alg];
  while (all.size() < tokens) {
    all.push_back(token(R"("jti":")" + std::to_string(all.size()) +
                            R"(","scope":"orders:read orders:write","client_id":"s6BhdRkqt3",)"
                            R"("realm_access":{"roles":["buyer","admin"]})",
                        alg));
  }
  return all;
}

// The signature alone, as `openssl speed` checks it: the hash is made, the context is kept.
void bare_verify(benchmark::State& state, std::string_view alg) {
  const mint::SigningKey& key = mint::shared_key(alg);
  const std::string text = tokens_of(alg).front();
  const auto parsed = jose::parse_token(text);
  std::string signature = parsed->jws.signature;
  if (alg == "ES256") {
    const jose::EcdsaSignaturePtr pair(ECDSA_SIG_new());
    ECDSA_SIG_set0(pair.get(), BN_bin2bn(jose::bytes_of(signature), 32, nullptr),
                   BN_bin2bn(jose::bytes_of(signature) + 32, 32, nullptr));
    unsigned char* der = nullptr;
    const int size = i2d_ECDSA_SIG(pair.get(), &der);
    signature.assign(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
  }
  unsigned char hash[32];
  EVP_Digest(parsed->jws.signing_input.data(), parsed->jws.signing_input.size(), hash, nullptr, EVP_sha256(), nullptr);
  const jose::KeyContextPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.pair.get(), nullptr));
  EVP_PKEY_verify_init(context.get());
  if (alg == "RS256") EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING);
  EVP_PKEY_CTX_set_signature_md(context.get(), EVP_sha256());
  for (auto _ : state) {
    if (EVP_PKEY_verify(context.get(), jose::bytes_of(signature), signature.size(), hash, sizeof hash) != 1) {
      state.SkipWithError("the signature does not verify");
    }
  }
}

// The whole filter chain of a guarded route with one claim header, and a worker.
class Gate {
 public:
  explicit Gate(std::string_view alg) {
    conf::Config config;
    conf::Route route;
    route.jwt.emplace();
    route.jwt->providers = {"shop"};
    route.claim_headers.push_back(
        {.claim = {.path = std::string("sub")}, .header = "X-User-Id", .format = std::nullopt});
    jwt_ = make_jwt(route, Build{config, {{"shop", make_provider("shop", alg)}}});
    claim_headers_ = make_claim_headers(route, Build{config, {}});
    for (const std::string& one : tokens_of(alg)) authorizations_.push_back("Bearer " + one);
  }

  bool passes(std::size_t number) {
    TestRequest request(*worker_);
    request.with("Authorization", authorizations_[number]);
    return request.outcome(*jwt_) == "pass" && request.outcome(*claim_headers_) == "pass";
  }

  void forget_tokens() { worker_ = std::make_unique<FilterWorkerState>(); }

 private:
  std::unique_ptr<const Filter> jwt_;
  std::unique_ptr<const Filter> claim_headers_;
  std::vector<std::string> authorizations_;
  std::unique_ptr<FilterWorkerState> worker_ = std::make_unique<FilterWorkerState>();
};

// The worker's state goes after each pass over the tokens, however many its cache holds.
void first_seen(benchmark::State& state, std::string_view alg) {
  Gate gate(alg);
  std::size_t next = 0;
  for (auto _ : state) {
    if (!gate.passes(next)) state.SkipWithError("refused");
    if (++next < tokens) continue;
    gate.forget_tokens();
    next = 0;
  }
}

void cached(benchmark::State& state, std::string_view alg, std::size_t different) {
  Gate gate(alg);
  for (std::size_t i = 0; i < different; ++i) gate.passes(i);
  std::size_t next = 0;
  for (auto _ : state) {
    if (!gate.passes(next)) state.SkipWithError("refused");
    if (++next == different) next = 0;
  }
}

// Base64, JSON and its rules, without any judgement.
void parse(benchmark::State& state) {
  const std::vector<std::string>& all = tokens_of("RS256");
  std::size_t next = 0;
  for (auto _ : state) benchmark::DoNotOptimize(jose::parse_token(all[next++ % tokens]));
}

// All of the judgement but the signature's arithmetic: an HMAC of the same bytes stands for it.
void parse_and_verify(benchmark::State& state, std::string_view alg) {
  const std::vector<std::string>& all = tokens_of(alg);
  const auto provider = make_provider("shop", alg);
  const keys::KeysPtr keys = provider->source->keys();
  jose::SignatureContexts contexts;
  std::size_t next = 0;
  for (auto _ : state) {
    auto parsed = jose::parse_token(all[next++ % tokens]);
    if (!jose::verify(*parsed, provider->rules, *keys, test_now, contexts)) state.SkipWithError("refused");
  }
}

BENCHMARK(parse);
BENCHMARK_CAPTURE(parse_and_verify, HS256, "HS256");
BENCHMARK_CAPTURE(parse_and_verify, RS256, "RS256");
BENCHMARK_CAPTURE(bare_verify, RS256, "RS256");
BENCHMARK_CAPTURE(first_seen, RS256, "RS256");
BENCHMARK_CAPTURE(cached, RS256, "RS256", few);
BENCHMARK_CAPTURE(cached, RS256_of_thousands, "RS256", thousands);
BENCHMARK_CAPTURE(bare_verify, ES256, "ES256");
BENCHMARK_CAPTURE(first_seen, ES256, "ES256");
BENCHMARK_CAPTURE(cached, ES256, "ES256", few);
BENCHMARK_CAPTURE(first_seen, HS256, "HS256");

}  // namespace

BENCHMARK_MAIN();
