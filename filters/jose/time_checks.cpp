#include <algorithm>

#include "filters/jose/checks.hpp"
#include "filters/jose/detail.hpp"

namespace postern::jose {
namespace {

// 9999-12-31T23:59:59Z. A date beyond is a mistake (milliseconds, a default of 2^63), not a token for ever.
constexpr double latest_date = 253402300799;

// A NumericDate (RFC 7519 section 2) into `date`, which stays empty when the claim is absent.
Outcome read_date(const Json& claims, std::string_view name, std::optional<double>& date) {
  const Json* claim = claims.find(name);
  if (claim == nullptr) return std::nullopt;
  date = claim->as_double();
  if (date && *date <= latest_date) return std::nullopt;
  return Refusal(
      Reason::token_malformed,
      "`" + std::string(name) + "` is " + shown(*claim) +
          (date ? ", beyond the year 9999; NumericDates are seconds, not milliseconds" : ", not a number of seconds"));
}

Outcome read_dates(Judgement& judgement) {
  Times& times = judgement.times;
  if (auto refusal = read_date(judgement.claims, "exp", times.expires)) return refusal;
  if (auto refusal = read_date(judgement.claims, "nbf", times.not_before)) return refusal;
  return read_date(judgement.claims, "iat", times.issued);
}

// "exp was 1700000000, now is 1700003600, leeway 60 s"
Refusal time_refusal(Reason reason, std::string_view claim, std::string_view verb, double date,
                     const Judgement& judgement) {
  return Refusal(reason, std::string(claim) + " " + std::string(verb) + " " + shown(date) + ", now is " +
                             shown(judgement.now) + ", leeway " + shown(judgement.rules.leeway) + " s");
}

Outcome check_lifetime(const Judgement& judgement) {
  const Times& times = judgement.times;
  const std::optional<double>& longest = judgement.rules.max_lifetime;
  if (!longest) return std::nullopt;
  for (const auto& [date, name] : {std::pair(times.expires, "exp"), std::pair(times.issued, "iat")}) {
    if (!date) {
      return Refusal(Reason::claim_missing,
                     "the token has no `" + std::string(name) + "`, which a maximum lifetime needs");
    }
  }
  const double lifetime = *times.expires - *times.issued;
  if (lifetime <= *longest) return std::nullopt;
  return Refusal(Reason::token_lifetime_too_long,
                 "exp - iat is " + shown(lifetime) + " s, at most " + shown(*longest) + " s allowed");
}

std::string shown_date(const Json& claims, std::string_view name) {
  const Json* claim = claims.find(name);
  return std::string(name) + " " + (claim == nullptr ? "absent" : shown(*claim));
}

}  // namespace

Outcome check_time(Judgement& judgement) {
  if (auto refusal = read_dates(judgement)) return refusal;
  const Times& times = judgement.times;
  const Rules& rules = judgement.rules;
  const double now = judgement.now;
  if (!times.expires && rules.require_expiry) return Refusal(Reason::claim_missing, "the token has no `exp`");
  if (times.expires && now >= *times.expires + rules.leeway) {
    return time_refusal(Reason::token_expired, "exp", "was", *times.expires, judgement);
  }
  if (times.not_before && now < *times.not_before - rules.leeway) {
    return time_refusal(Reason::token_not_yet_valid, "nbf", "is", *times.not_before, judgement);
  }
  if (times.issued && now < *times.issued - rules.leeway) {
    return time_refusal(Reason::token_not_yet_valid, "iat", "is", *times.issued, judgement);
  }
  return check_lifetime(judgement);
}

std::string expected_time(const Judgement& judgement) {
  const Rules& rules = judgement.rules;
  std::string text = std::string(rules.require_expiry ? "exp" : "exp, if present,") + " after and nbf, iat not after " +
                     shown(judgement.now) + ", leeway " + shown(rules.leeway) + " s";
  if (rules.max_lifetime) text += ", exp - iat at most " + shown(*rules.max_lifetime) + " s";
  return text;
}

std::string got_time(const Judgement& judgement) {
  return shown_date(judgement.claims, "exp") + ", " + shown_date(judgement.claims, "nbf") + ", " +
         shown_date(judgement.claims, "iat");
}

}  // namespace postern::jose
