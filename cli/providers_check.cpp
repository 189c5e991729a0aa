#include "cli/providers_check.hpp"

#include <boost/asio/io_context.hpp>
#include <cmath>
#include <ostream>
#include <utility>

#include "base/clock.hpp"
#include "filters/jose/detail.hpp"
#include "filters/keys/freshness.hpp"
#include "filters/keys/key_fetcher.hpp"
#include "filters/keys/remote_config.hpp"
#include "filters/providers.hpp"
#include "gateway/server.hpp"

namespace postern::cli {
namespace {

namespace asio = boost::asio;

// A leeway of a minute is the default; half of it is worth a word.
constexpr double worrying_skew = 30;

void print(std::ostream& out, std::string_view mark, std::string_view step, const std::string& what) {
  out << "  " << mark << ' ' << step << std::string(step.size() < 9 ? 9 - step.size() : 1, ' ') << what << '\n';
}

// Tokens are judged by our clock, and were dated by theirs.
void print_skew(std::ostream& out, const std::string& date) {
  const auto theirs = keys::parse_http_date(date, unix_now());
  if (!theirs) return;
  const long long skew = std::llround(unix_now() - *theirs);
  const std::string text = skew == 0 ? "the clocks agree"
                                     : "our clock is " + std::to_string(std::abs(skew)) + " s " +
                                           (skew > 0 ? "ahead of" : "behind") + " theirs";
  print(out, std::abs(static_cast<double>(skew)) > worrying_skew ? "warn" : "ok  ", "clock", text);
}

void print_keys(std::ostream& out, const jose::LoadedKeys& loaded) {
  for (const jose::Key& key : loaded.keys.keys()) {
    print(out, "ok  ", "key",
          (key.kid.empty() ? std::string("without kid") : jose::quoted(key.kid)) + ", " + key.description() +
              (key.alg ? ", " + *key.alg : ""));
  }
  for (const auto& [name, reason] : loaded.skipped) print(out, "skip", "key", name + ": " + reason);
}

// By the gateway's own way to the keys, so that the two never disagree.
bool check_remote(const keys::RemoteConfig& config, std::ostream& out) {
  asio::io_context io{1};
  keys::UrlTurns turns;
  keys::KeyFetcher fetcher(turns,
                           [&](std::string_view step, const std::string& what) { print(out, "ok  ", step, what); });
  keys::FetchedKeys fetched;
  std::exception_ptr failure;
  spawn(io.get_executor(), fetcher.fetch(config),
        [&](std::exception_ptr thrown, keys::FetchedKeys result) {
          failure = std::move(thrown);
          fetched = std::move(result);
        });
  io.run();
  if (failure) std::rethrow_exception(failure);
  print_skew(out, fetched.date);
  if (fetched.good()) print(out, "ok  ", "json", std::to_string(fetched.document.size()) + " bytes");
  if (fetched.loaded) print_keys(out, *fetched.loaded);
  if (!fetched.good()) print(out, "FAIL", fetched.result, fetched.error);
  return fetched.good();
}

bool check_local(const filters::Provider& provider, std::ostream& out) {
  const ProviderStatus status = provider.source->status();
  print(out, "ok  ", "files", status.source);
  for (const auto& key : status.keys) print(out, "ok  ", "key", jose::quoted(key.kid) + ", " + key.kty);
  for (const auto& [name, reason] : status.skipped) print(out, "skip", "key", name + ": " + reason);
  return status.can_judge();
}

}  // namespace

int run_providers_check(const ConfigSource& source, const conf::Environment& environment, std::ostream& out,
                        std::ostream& err) {
  conf::Loaded loaded = load_config(source, environment);
  filters::Providers providers;
  if (!loaded.problems.any()) providers = filters::load_providers(loaded.config, nullptr, loaded.problems);
  for (const auto& problem : loaded.problems.errors()) err << problem.to_text() << '\n';
  if (loaded.problems.any()) return exit_bad_config;
  bool all_good = true;
  for (const auto& [name, provider] : loaded.config.providers) {
    out << name << '\n';
    const auto config = keys::has_remote_keys(provider)
                            ? keys::make_remote_config(name, provider, loaded.config.key_cache_dir, loaded.problems)
                            : std::nullopt;
    const bool good = config ? check_remote(*config, out) : check_local(*providers.at(name), out);
    all_good = all_good && good;
  }
  return all_good ? exit_ok : exit_refused;
}

}  // namespace postern::cli
