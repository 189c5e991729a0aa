#include "cli/providers_check.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cmath>
#include <ostream>
#include <utility>

#include "filters/jose/detail.hpp"
#include "filters/keys/discovery.hpp"
#include "filters/keys/freshness.hpp"
#include "filters/keys/remote_config.hpp"
#include "filters/providers.hpp"
#include "gateway/server.hpp"

namespace postern::cli {
namespace {

namespace asio = boost::asio;

// A leeway of a minute is the default; half of it is worth a word.
constexpr double worrying_skew = 30;

double unix_now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

class Check {
 public:
  Check(const keys::RemoteConfig& config, std::ostream& out) : config_(config), out_(out) {}

  Task<bool> run() {
    std::optional<conf::Url> url = config_.jwks_uri;
    if (!url) url = co_await discover();
    if (!url) co_return false;
    const auto fetched = co_await get(*url);
    co_return fetched&& judge_keys(fetched->body);
  }

 private:
  void ok(std::string_view step, const std::string& what) { line("ok  ", step, what); }
  void fail(std::string_view step, const std::string& what) { line("FAIL", step, what); }
  void line(std::string_view mark, std::string_view step, const std::string& what) {
    out_ << "  " << mark << ' ' << step << std::string(step.size() < 9 ? 9 - step.size() : 1, ' ') << what << '\n';
  }

  Task<std::optional<keys::Fetched>> get(const conf::Url& url) {
    out_ << "  GET " << url.to_text() << '\n';
    const keys::Observe observe = [this](keys::Phase phase, const std::string& what) { ok(name_of(phase), what); };
    const std::string no_etag;
    auto fetched = co_await keys::fetch(url, no_etag, config_.fetch, observe);
    if (!fetched) {
      fail(name_of(fetched.error().phase), fetched.error().detail);
      answered_ = fetched.error().status != 0;
      co_return std::nullopt;
    }
    tell_skew(fetched->date);
    co_return std::move(*fetched);
  }

  // Tokens are judged by our clock, and were dated by theirs.
  void tell_skew(const std::string& date) {
    const auto theirs = keys::parse_http_date(date, unix_now());
    if (!theirs) return;
    const long long skew = std::llround(unix_now() - *theirs);
    const std::string text = skew == 0 ? "the clocks agree"
                                       : "our clock is " + std::to_string(std::abs(skew)) + " s " +
                                             (skew > 0 ? "ahead of" : "behind") + " theirs";
    line(std::abs(static_cast<double>(skew)) > worrying_skew ? "warn" : "ok  ", "clock", text);
  }

  Task<std::optional<conf::Url>> discover() {
    for (const conf::Url& url : config_.metadata) {
      const auto fetched = co_await get(url);
      if (!fetched && !answered_) break;  // the others are at the same place
      if (!fetched) continue;
      const auto found = keys::read_metadata(fetched->body, config_.issuers);
      const auto parsed = found ? conf::parse_url(*found) : tl::unexpected(found.error());
      if (parsed) {
        ok("metadata", "jwks_uri is " + parsed->to_text());
        co_return *parsed;
      }
      fail("metadata", parsed.error());
    }
    co_return std::nullopt;
  }

  bool judge_keys(const std::string& document) {
    const auto loaded = jose::parse_jwks(document, /*allow_secret=*/false);
    if (!loaded) {
      fail("json", loaded.error());
      return false;
    }
    ok("json", std::to_string(document.size()) + " bytes");
    for (const jose::Key& key : loaded->keys.keys()) {
      ok("key", (key.kid.empty() ? std::string("without kid") : jose::quoted(key.kid)) + ", " + key.description() +
                    (key.alg ? ", " + *key.alg : ""));
    }
    for (const auto& [name, reason] : loaded->skipped) line("skip", "key", name + ": " + reason);
    if (loaded->keys.empty()) fail("keys", "no usable key");
    return !loaded->keys.empty();
  }

  const keys::RemoteConfig& config_;
  std::ostream& out_;
  bool answered_ = false;  // the last URL that failed gave a response
};

bool check_remote(const keys::RemoteConfig& config, std::ostream& out) {
  asio::io_context io{1};
  bool good = false;
  Check check(config, out);
  asio::co_spawn(io.get_executor(), check.run(), [&](const std::exception_ptr& failure, bool result) {
    if (failure) std::rethrow_exception(failure);
    good = result;
  });
  io.run();
  return good;
}

bool check_local(const filters::Provider& provider, std::ostream& out) {
  const ProviderStatus status = provider.source->status();
  out << "  ok   files    " << status.source << '\n';
  for (const auto& key : status.keys) out << "  ok   key      " << jose::quoted(key.kid) << ", " << key.kty << '\n';
  for (const auto& [name, reason] : status.skipped) out << "  skip key      " << name << ": " << reason << '\n';
  return status.has_keys();
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
