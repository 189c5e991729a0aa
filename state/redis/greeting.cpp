#include "state/redis/greeting.hpp"

#include <algorithm>
#include <cstdint>

#include "conf/scalars.hpp"
#include "state/redis/scripts.hpp"

namespace postern::state::redis {
namespace {

void authenticate(std::vector<GreetingStep>& steps, const std::string& user, const Secret& secret) {
  if (secret.empty()) return;
  const std::string password(secret.reveal());
  steps.push_back({user.empty() ? Words{"AUTH", password} : Words{"AUTH", user, password}});
}

bool is_text(const Reply& list, std::size_t at) {
  return list.type == Reply::Type::list && at < list.list.size() && list.list[at].type == Reply::Type::text;
}

}  // namespace

std::vector<GreetingStep> greeting(const RedisOptions& options, ForScripts for_scripts) {
  std::vector<GreetingStep> steps;
  authenticate(steps, options.url.user, options.url.password);
  if (options.url.database != 0) steps.push_back({{"SELECT", std::to_string(options.url.database)}});
  if (options.sentinels) steps.push_back({{"ROLE"}, Expected::master});
  if (for_scripts == ForScripts::no) return steps;
  for (const Script script : all_scripts) steps.push_back({{"SCRIPT", "LOAD", text_of(script)}});
  steps.push_back({{"CONFIG", "GET", "maxmemory-policy"}, Expected::no_eviction});
  steps.push_back({{"TIME"}, Expected::time});
  return steps;
}

std::vector<GreetingStep> sentinel_greeting(const RedisSentinels& sentinels) {
  std::vector<GreetingStep> steps;
  authenticate(steps, sentinels.user, sentinels.password);
  return steps;
}

MaybeError judge_greeting(const GreetingStep& step, const Reply& reply) {
  if (step.expected == Expected::no_eviction) return std::nullopt;
  if (reply.type == Reply::Type::error) {
    return StoreError{judge_error_reply(reply.text).kind, "Redis refuses " + step.command.front() + ": " + reply.text};
  }
  if (step.expected == Expected::master && !(is_text(reply, 0) && reply.list[0].text == "master")) {
    return StoreError{StoreError::Kind::read_only, "the Redis that Sentinel names is not the master"};
  }
  if (step.expected == Expected::time && !read_time(reply)) {
    return StoreError{StoreError::Kind::damaged, "Redis tells a time without sense"};
  }
  return std::nullopt;
}

std::string read_eviction(const Reply& reply) {
  if (!is_text(reply, 1) || reply.list[1].text == "noeviction") return {};
  return reply.list[1].text;
}

Millis ServerClock::at(std::chrono::steady_clock::time_point instant) const noexcept {
  return time + std::chrono::floor<std::chrono::milliseconds>(instant - heard).count();
}

std::optional<Millis> read_time(const Reply& reply) {
  constexpr std::uint64_t end_of_time = 253'402'300'800;  // the year 10000
  if (!is_text(reply, 0) || !is_text(reply, 1)) return std::nullopt;
  const auto seconds = conf::parse_integer(reply.list[0].text);
  const auto micros = conf::parse_integer(reply.list[1].text);
  if (!seconds || *seconds >= end_of_time || !micros || *micros >= 1'000'000) return std::nullopt;
  return static_cast<Millis>(*seconds * 1000 + *micros / 1000);
}

std::chrono::milliseconds reconnect_pause(unsigned failures, double random) noexcept {
  constexpr unsigned doublings = 6;  // 1280 ms: beyond the limit
  const double whole = std::min(20.0 * (1U << std::min(failures, doublings)), 1000.0);
  return std::chrono::milliseconds(static_cast<std::int64_t>(whole * (0.5 + random / 2)));
}

}  // namespace postern::state::redis
