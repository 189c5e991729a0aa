// What a million revocations cost in memory, and what asking for a token costs beside them.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "state/revocation_table.hpp"

namespace postern::state {
namespace {

constexpr std::string_view issuer = "https://shop.example.com";
constexpr Millis until = 1'800'000'000'000;

std::string sid_of(std::size_t number) {
  std::string sid = std::to_string(number);
  return sid.insert(0, 22 - sid.size(), '0');
}

// As they come at a start: all at once.
void fill(RevocationTable& table, std::size_t count) {
  std::vector<Revocation> all;
  all.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    all.push_back({Revocation::Kind::sid, std::string(issuer), sid_of(i), {}, until});
  }
  table.insert(all);
}

// An access token of the service: everything that may be revoked of it is there.
Fingerprints token_of(const RevocationTable& table, std::size_t number) {
  Fingerprints token;
  token.jti = table.fingerprint(Revocation::Kind::jti, issuer, "jti" + std::to_string(number));
  token.sid = table.fingerprint(Revocation::Kind::sid, issuer, sid_of(number));
  token.sub = table.fingerprint(Revocation::Kind::sub, issuer, "user" + std::to_string(number));
  token.kid = table.fingerprint(Revocation::Kind::kid, issuer, "key");
  token.issuer = table.fingerprint(Revocation::Kind::issuer, issuer, {});
  token.issued_at = 1'700'000'000;
  return token;
}

// Tokens that nobody revoked, each another one, so that the table's lines are not in the processor's cache.
void look_up(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  RevocationTable table;
  fill(table, count);
  std::vector<Fingerprints> tokens;
  for (std::size_t i = 0; i < 100'000; ++i) tokens.push_back(token_of(table, 10'000'000 + i));
  RevocationTable::View view;
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(table.revokes(tokens[next], view));
    if (++next == tokens.size()) next = 0;
  }
  state.counters["bytes_each"] = count == 0 ? 0 : static_cast<double>(table.bytes()) / static_cast<double>(count);
}
BENCHMARK(look_up)->Arg(0)->Arg(1'000)->Arg(1'000'000);

// What a request costs whose token was found clean already and nothing was revoked since.
void epoch(benchmark::State& state) {
  RevocationTable table;
  fill(table, 1'000'000);
  const std::uint64_t clean = table.epoch();
  for (auto _ : state) benchmark::DoNotOptimize(table.epoch() == clean);
}
BENCHMARK(epoch);

void fingerprints_of_a_token(benchmark::State& state) {
  const RevocationTable table;
  for (auto _ : state) benchmark::DoNotOptimize(token_of(table, 7));
}
BENCHMARK(fingerprints_of_a_token);

}  // namespace
}  // namespace postern::state

BENCHMARK_MAIN();
