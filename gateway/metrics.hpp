// Counters of the program. Each worker has a WorkerMetrics of its own that no other thread touches; a scrape asks every
// worker for a copy and sums them. No atomics, no lock, no label look-up by string on the way of a request.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/reason.hpp"
#include "gateway/http/head.hpp"
#include "gateway/provider_status.hpp"

namespace postern {

// Small numbers for names, stable over reloads. Written while a snapshot is built, read at a scrape. The empty name is
// 0.
class MetricNames {
 public:
  MetricNames();
  std::uint32_t intern(std::string_view name);
  std::vector<std::string> all() const;  // the index is the number

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::uint32_t> numbers_;
};

// Counts of durations in seconds.
class Histogram {
 public:
  static constexpr std::array<double, 14> bounds = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                    0.1,    0.25,  0.5,    1,     2.5,  5,     10};
  void add(double seconds) noexcept;  // a value on a bound belongs to it; what is no number, or below 0, counts as 0
  void merge(const Histogram& other) noexcept;
  // Each bucket by itself, not cumulated; the last one holds what is above every bound.
  std::span<const std::uint64_t> buckets() const noexcept { return buckets_; }
  std::uint64_t count() const noexcept { return count_; }
  double sum() const noexcept { return sum_; }

 private:
  std::array<std::uint64_t, bounds.size() + 1> buckets_{};
  std::uint64_t count_ = 0;
  double sum_ = 0;
};

struct WorkerMetrics {
  static constexpr std::uint32_t no_route = 0;  // the number of ""

  void count_request(std::uint32_t route, http::Method method, unsigned status, double seconds);
  void count_upstream(std::uint32_t upstream, double seconds);
  void count_decision(std::uint32_t route, std::string_view provider, Reason reason);
  void merge(const WorkerMetrics& other);

  static std::uint64_t request_key(std::uint32_t route, http::Method method, unsigned status) noexcept;

  std::unordered_map<std::uint64_t, std::uint64_t> requests;  // by request_key()
  std::vector<Histogram> request_seconds;                     // by route
  std::vector<Histogram> upstream_seconds;                    // by upstream
  static std::uint64_t decision_key(std::uint32_t route, Reason reason) noexcept;

  // Decisions by decision_key(); the providers of one route are few, so they are found by comparing.
  struct ProviderCount {
    std::string provider;
    std::uint64_t count;
  };
  std::unordered_map<std::uint64_t, std::vector<ProviderCount>> decisions;
  std::uint64_t token_cache_hits = 0;
  std::uint64_t token_cache_misses = 0;
  std::uint64_t spoofed_headers_removed = 0;
  std::uint64_t downstream_connections = 0;         // gauge: open now
  std::uint64_t downstream_connections_parked = 0;  // gauge: of those, the ones that have been quiet for a while
  std::uint64_t downstream_connections_total = 0;
  std::uint64_t upstream_connections_total = 0;
  std::uint64_t upstream_replays_total = 0;
  std::uint64_t accept_errors_total = 0;
};

struct ProcessFacts {
  bool last_reload_successful = true;
  std::uint64_t access_log_dropped = 0;
  std::string version = {};
  double start_time = 0;  // Unix seconds
  std::vector<ProviderStatus> providers = {};
};

// The Prometheus text format (0.0.4), in a stable order; process_* are read from the system here. Nothing of a client
// is a label: routes, upstreams and providers are the operator's names, methods and codes are few.
std::string render_metrics(const WorkerMetrics& sum, const MetricNames& routes, const MetricNames& upstreams,
                           const ProcessFacts& process);

}  // namespace postern
