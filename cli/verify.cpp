#include "cli/verify.hpp"

#include <istream>
#include <ostream>

#include "base/base64.hpp"
#include "base/clock.hpp"
#include "conf/load.hpp"
#include "filters/jose/verify.hpp"

namespace postern::cli {
namespace {

constexpr int exit_valid = 0;
constexpr int exit_refused = 1;
constexpr int exit_usage = 2;
constexpr int exit_config = 78;

// The keys of the file, or nothing when there is no set in it; what was wrong is told on `err`.
std::optional<jose::KeySet> load_keys(const std::string& path, std::ostream& err) {
  const auto text = conf::read_file(path);
  if (!text) {
    err << text.error() << '\n';
    return std::nullopt;
  }
  auto loaded = jose::parse_jwks(*text, true);
  if (!loaded) {
    err << path << ": " << loaded.error() << '\n';
    return std::nullopt;
  }
  for (const jose::SkippedKey& skipped : loaded->skipped) {
    err << path << ": key " << skipped.name << " is skipped: " << skipped.reason << '\n';
  }
  if (loaded->keys.empty()) err << path << ": there is no usable key, so every token is refused\n";
  return std::move(loaded->keys);
}

// The algorithms of every key type in the set; all of them for an empty one, so that the missing key is the reason.
jose::AlgorithmSet algorithms_of(const jose::KeySet& keys) {
  jose::AlgorithmSet set;
  for (const jose::Algorithm& algorithm : jose::algorithms()) {
    bool wanted = keys.empty();
    for (const jose::Key& key : keys.keys()) wanted = wanted || key.type == algorithm.key_type;
    if (wanted) set.add(algorithm);
  }
  return set;
}

std::optional<jose::AlgorithmSet> named_algorithms(const std::vector<std::string>& names, std::ostream& err) {
  jose::AlgorithmSet set;
  for (const std::string& name : names) {
    const jose::Algorithm* algorithm = jose::find_algorithm(name);
    if (algorithm == nullptr) {
      err << "--algorithms: \"" << name << "\" is no known signature algorithm\n";
      return std::nullopt;
    }
    set.add(*algorithm);
  }
  return set;
}

jose::Rules rules_of(const VerifyOptions& options, const jose::AlgorithmSet& algorithms) {
  jose::Rules rules;
  rules.provider = "verify";
  rules.any_issuer = !options.issuer;
  if (options.issuer) rules.issuers = {*options.issuer};
  rules.any_audience = !options.audience;
  if (options.audience) rules.audiences = {*options.audience};
  rules.algorithms = algorithms;
  return rules;
}

void append_refusal(std::string& line, const Refusal& refusal) {
  line += R"({"valid":false,"reason":)";
  append_json_string(line, code_of(refusal.reason));
  line += R"(,"detail":)";
  append_json_string(line, refusal.detail);
  line += '}';
}

// Judges one token after the other under the same rules.
class Judge {
 public:
  Judge(const VerifyOptions& options, const jose::KeySet& keys, const jose::AlgorithmSet& algorithms)
      : options_(options), keys_(keys), rules_(rules_of(options, algorithms)) {}

  // Appends the token's line without its newline. Returns whether the token is valid.
  bool judge(std::string_view token, std::string& line) {
    return options_.signature_only ? judge_signature(token, line) : judge_claims(token, line);
  }

 private:
  bool judge_signature(std::string_view text, std::string& line) {
    const auto jws = jose::parse_compact(text, true);
    const auto refusal =
        jws ? jose::verify_signature(*jws, rules_, keys_, contexts_) : std::optional<Refusal>(jws.error());
    if (refusal) {
      append_refusal(line, *refusal);
      return false;
    }
    line += R"({"valid":true,"payload":")" + encode_base64url(jws->payload) + "\"}";
    return true;
  }

  bool judge_claims(std::string_view text, std::string& line) {
    auto token = jose::parse_token(text);
    const auto claims = token ? jose::verify(*token, rules_, keys_, options_.at.value_or(unix_now()), contexts_)
                              : tl::unexpected(token.error());
    if (!claims) {
      append_refusal(line, claims.error());
      return false;
    }
    line += R"({"valid":true,"claims":)" + claims->json().to_text() + '}';
    return true;
  }

  const VerifyOptions& options_;
  const jose::KeySet& keys_;
  jose::Rules rules_;
  jose::SignatureContexts contexts_;
};

}  // namespace

int run_verify(const VerifyOptions& options, std::istream& in, std::ostream& out, std::ostream& err) {
  const auto named = named_algorithms(options.algorithms, err);
  if (!named) return exit_usage;
  const auto keys = load_keys(options.jwks_file, err);
  if (!keys) return exit_config;
  Judge judge(options, *keys, options.algorithms.empty() ? algorithms_of(*keys) : *named);
  bool any = false;
  bool all_valid = true;
  std::string token;
  std::string line;
  while (std::getline(in, token)) {
    any = true;
    line.clear();
    if (!judge.judge(token, line)) all_valid = false;
    line += '\n';
    out << line;
    // A program at the other end may wait for this answer before it writes the next token.
    if (in.rdbuf()->in_avail() <= 0) out.flush();
  }
  out.flush();
  if (!any) err << "there is no token on standard input\n";
  return any && all_valid ? exit_valid : exit_refused;
}

}  // namespace postern::cli
