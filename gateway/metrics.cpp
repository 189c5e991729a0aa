#include "gateway/metrics.hpp"

#include <algorithm>

namespace postern {
namespace {

void count_in(std::vector<Histogram>& histograms, std::uint32_t number, double seconds) {
  if (number >= histograms.size()) histograms.resize(number + 1);
  histograms[number].add(seconds);
}

void merge_into(std::vector<Histogram>& sum, const std::vector<Histogram>& other) {
  if (sum.size() < other.size()) sum.resize(other.size());
  for (std::size_t i = 0; i < other.size(); ++i) sum[i].merge(other[i]);
}

void add_to(std::vector<WorkerMetrics::ProviderCount>& providers, std::string_view provider, std::uint64_t count) {
  for (WorkerMetrics::ProviderCount& known : providers) {
    if (known.provider != provider) continue;
    known.count += count;
    return;
  }
  providers.push_back({std::string(provider), count});
}

}  // namespace

MetricNames::MetricNames() {
  numbers_.emplace("", 0);
}

std::uint32_t MetricNames::intern(std::string_view name) {
  const std::lock_guard lock(mutex_);
  return numbers_.try_emplace(std::string(name), static_cast<std::uint32_t>(numbers_.size())).first->second;
}

std::vector<std::string> MetricNames::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names(numbers_.size());
  for (const auto& [name, number] : numbers_) names[number] = name;
  return names;
}

void Histogram::add(double seconds) noexcept {
  const double value = seconds > 0 ? seconds : 0.0;  // false for what is no number, too
  const auto bucket = std::lower_bound(bounds.begin(), bounds.end(), value);
  ++buckets_[static_cast<std::size_t>(bucket - bounds.begin())];
  ++count_;
  sum_ += value;
}

void Histogram::merge(const Histogram& other) noexcept {
  for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  sum_ += other.sum_;
}

std::uint64_t WorkerMetrics::request_key(std::uint32_t route, http::Method method, unsigned status) noexcept {
  return std::uint64_t{route} << 32 | static_cast<std::uint64_t>(method) << 16 | (status & 0xFFFF);
}

void WorkerMetrics::count_request(std::uint32_t route, http::Method method, unsigned status, double seconds) {
  ++requests[request_key(route, method, status)];
  count_in(request_seconds, route, seconds);
}

void WorkerMetrics::count_upstream(std::uint32_t upstream, double seconds) {
  count_in(upstream_seconds, upstream, seconds);
}

std::uint64_t WorkerMetrics::decision_key(std::uint32_t route, Reason reason) noexcept {
  return std::uint64_t{route} << 32 | static_cast<std::uint64_t>(reason);
}

void WorkerMetrics::count_decision(std::uint32_t route, std::string_view provider, Reason reason) {
  add_to(decisions[decision_key(route, reason)], provider, 1);
}

void WorkerMetrics::merge(const WorkerMetrics& other) {
  for (const auto& [key, count] : other.requests) requests[key] += count;
  merge_into(request_seconds, other.request_seconds);
  merge_into(upstream_seconds, other.upstream_seconds);
  for (const auto& [key, providers] : other.decisions) {
    for (const ProviderCount& theirs : providers) add_to(decisions[key], theirs.provider, theirs.count);
  }
  token_cache_hits += other.token_cache_hits;
  token_cache_misses += other.token_cache_misses;
  spoofed_headers_removed += other.spoofed_headers_removed;
  downstream_connections += other.downstream_connections;
  downstream_connections_parked += other.downstream_connections_parked;
  downstream_connections_total += other.downstream_connections_total;
  upstream_connections_total += other.upstream_connections_total;
  upstream_replays_total += other.upstream_replays_total;
  accept_errors_total += other.accept_errors_total;
}

}  // namespace postern
