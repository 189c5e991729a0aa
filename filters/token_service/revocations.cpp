#include "filters/token_service/revocations.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <vector>

#include "filters/token_service/json_values.hpp"
#include "filters/token_service/millis.hpp"
#include "state/following.hpp"

namespace postern::token_service {
namespace {

constexpr state::Millis between_forgettings = 60'000;

std::uint32_t whole_seconds(const Json* date) {
  if (date == nullptr) return 0;
  constexpr double most = std::numeric_limits<std::uint32_t>::max();
  return static_cast<std::uint32_t>(std::clamp(date->as_double().value_or(0), 0.0, most));
}

bool is_of_key(const state::Revocation& revocation) {
  return revocation.kind == state::Revocation::Kind::kid;
}

std::string_view signing_input_of(std::string_view token) {
  return token.substr(0, token.rfind('.'));
}

}  // namespace

std::shared_ptr<Revocations> Revocations::follow(state::Store& store) {
  auto self = std::make_shared<Revocations>();
  state::Follower follower;
  follower.complete = [self](std::vector<state::SequencedRevocation> all) {
    self->insert(all);
    self->complete_.store(true, std::memory_order_release);
  };
  follower.added = [self](std::vector<state::SequencedRevocation> added) { self->insert(added); };
  follower.caught_up = [self](state::Millis now) { self->caught_up(now, std::chrono::steady_clock::now()); };
  follower.failed = [self](const state::StoreError& error) {
    if (self->told_.exchange(true)) return;  // it is tried again many times in a second
    spdlog::warn("revocations cannot be followed: {}", error.detail);
  };
  store.follow(std::move(follower));
  return self;
}

void Revocations::insert(std::span<const state::Revocation> revocations) {
  if (revocations.empty()) return;
  {
    const std::lock_guard lock(writing_);
    table_.insert(revocations);
    insert_keys(revocations);
  }
  if (std::any_of(revocations.begin(), revocations.end(), is_of_key)) tell_key_listeners();
}

void Revocations::insert_keys(std::span<const state::Revocation> revocations) {
  std::vector<state::Revocation> keys;
  std::copy_if(revocations.begin(), revocations.end(), std::back_inserter(keys), is_of_key);
  for (state::Revocation& key : keys) key.issuer.clear();
  if (!keys.empty()) keys_.insert(keys);
}

void Revocations::on_key_revoked(std::weak_ptr<const void> owner, std::function<void()> heard) {
  const std::lock_guard lock(listening_);
  std::erase_if(key_listeners_, [](const KeyListener& one) { return one.owner.expired(); });
  key_listeners_.push_back({std::move(owner), std::move(heard)});
}

// Without the owners, of whom this thread could otherwise be the last to let go.
void Revocations::tell_key_listeners() {
  const std::lock_guard lock(listening_);
  for (const KeyListener& one : key_listeners_) {
    if (!one.owner.expired()) one.heard();
  }
}

void Revocations::insert(const std::vector<state::SequencedRevocation>& revocations) {
  std::vector<state::Revocation> plain;
  plain.reserve(revocations.size());
  for (const state::SequencedRevocation& one : revocations) plain.push_back(one.revocation);
  insert(plain);
}

void Revocations::caught_up(state::Millis now, std::chrono::steady_clock::time_point heard_at) {
  const state::Millis steady = to_millis(heard_at);
  caught_up_.store(now, std::memory_order_release);
  heard_.store(steady, std::memory_order_release);
  if (told_.exchange(false)) spdlog::info("revocations are followed again");
  const std::lock_guard lock(writing_);
  const state::Millis believed = believed_.at(now, steady).forgetting;
  if (next_forgetting_ && steady < *next_forgetting_) return;
  next_forgetting_ = steady + between_forgettings;
  table_.forget_expired(believed);
  keys_.forget_expired(believed);
}

state::Fingerprints Revocations::fingerprints(const jose::Claims& claims) const {
  using Kind = state::Revocation::Kind;
  const Json& json = claims.json();
  const std::string& issuer = claims.issuer();
  const auto print = [&](Kind kind, std::string_view value) {
    return value.empty() ? state::Fingerprints::absent : table_.fingerprint(kind, issuer, value);
  };
  const std::string_view jti = jose::identifier(json, "jti");
  state::Fingerprints prints;
  prints.jti = jti.empty() ? print(Kind::jti, state::jti_of_signing_input(signing_input_of(claims.token())))
                           : print(Kind::jti, jti);
  prints.sid = print(Kind::sid, jose::identifier(json, "sid"));
  prints.sub = print(Kind::sub, claims.subject());
  prints.kid = print(Kind::kid, claims.kid());
  prints.issuer = table_.fingerprint(Kind::issuer, issuer, {});
  prints.issued_at = whole_seconds(json.find("iat"));
  return prints;
}

bool Revocations::has_loaded() const noexcept {
  return complete_.load(std::memory_order_acquire) && heard_.load(std::memory_order_acquire) != never_heard;
}

bool Revocations::is_following(std::chrono::steady_clock::time_point now) const noexcept {
  if (!has_loaded()) return false;
  const state::Following following{heard_.load(std::memory_order_acquire)};
  return following.is_current(to_millis(now), patience_.load(std::memory_order_relaxed));
}

bool Revocations::is_own_key_revoked(std::string_view kid) const {
  if (keys_.size() == 0) return false;
  state::Fingerprints key;
  key.kid = keys_.fingerprint(state::Revocation::Kind::kid, {}, kid);
  state::RevocationTable::View view;
  return keys_.revokes(key, view);
}

bool Revocations::is_session_revoked(const state::Fingerprints& token) const {
  state::Fingerprints session = token;
  session.jti = session.kid = state::Fingerprints::absent;
  state::RevocationTable::View view;
  return table_.revokes(session, view);
}

double Revocations::issue_time(const std::string& issuer, const std::string& subject, double now,
                               std::uint64_t epoch) const {
  state::Fingerprints token;
  token.sub = table_.fingerprint(state::Revocation::Kind::sub, issuer, subject);
  token.issuer = table_.fingerprint(state::Revocation::Kind::issuer, issuer, {});
  token.issued_at = static_cast<std::uint32_t>(now);
  state::RevocationTable::View view;
  const bool second_is_revoked = table_.revokes(token, view);
  return std::floor(now) + (second_is_revoked && table_.epoch() == epoch ? 1 : 0);
}

bool Revocations::is_revoked(const state::Fingerprints& token, Clean& clean, state::RevocationTable::View& view) const {
  const std::uint64_t epoch = table_.epoch();
  if (epoch == clean.epoch) return false;
  if (table_.revokes(token, view)) return true;
  clean.epoch = epoch;
  return false;
}

}  // namespace postern::token_service
