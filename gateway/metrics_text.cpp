// Metrics in the Prometheus text format.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "gateway/metrics.hpp"

namespace postern {
namespace {

using Names = std::vector<std::string>;

template <class Number>
void append_number(std::string& out, Number number) {
  char digits[32];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

// Never with an exponent: `5e-04` and `0.0005` would be two labels.
void append_bound(std::string& out, double bound) {
  char digits[32];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, bound, std::chars_format::fixed).ptr);
}

void append_family(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
  out.append("# HELP ").append(name).append(" ").append(help).append("\n");
  out.append("# TYPE ").append(name).append(" ").append(type).append("\n");
}

// `name="value"` with the escapes of the format: backslash, quote and newline.
void append_label(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append("=\"");
  for (const char c : value) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') out += '\\';
    out += c;
  }
  out += '"';
}

template <class Number>
void append_single(std::string& out, std::string_view name, std::string_view type, std::string_view help,
                   Number value) {
  append_family(out, name, type, help);
  out.append(name).append(" ");
  append_number(out, value);
  out += '\n';
}

std::string_view name_at(const Names& names, std::size_t number) {
  return number < names.size() ? std::string_view(names[number]) : std::string_view();
}

template <class Map>
std::vector<std::uint64_t> sorted_keys(const Map& map) {
  std::vector<std::uint64_t> keys;
  keys.reserve(map.size());
  for (const auto& entry : map) keys.push_back(entry.first);
  std::sort(keys.begin(), keys.end());
  return keys;
}

void append_requests(std::string& out, const WorkerMetrics& sum, const Names& routes) {
  append_family(
      out, "postern_http_requests_total", "counter",
      "Requests by route, method and status; code 0 when the client left, or a drain ended, before an answer.");
  for (const std::uint64_t key : sorted_keys(sum.requests)) {
    out += "postern_http_requests_total{";
    append_label(out, "route", name_at(routes, key >> 32));
    out += ',';
    append_label(out, "method", http::name_of(static_cast<http::Method>(key >> 16 & 0xFFFF)));
    out += ",code=\"";
    append_number(out, key & 0xFFFF);
    out += "\"} ";
    append_number(out, sum.requests.at(key));
    out += '\n';
  }
}

void append_decisions(std::string& out, const WorkerMetrics& sum, const Names& routes) {
  append_family(out, "postern_auth_decisions_total", "counter", "Judged requests by route, provider and reason.");
  for (const std::uint64_t key : sorted_keys(sum.decisions)) {
    std::vector<WorkerMetrics::ProviderCount> providers = sum.decisions.at(key);
    std::sort(providers.begin(), providers.end(), [](const auto& a, const auto& b) { return a.provider < b.provider; });
    for (const auto& [provider, count] : providers) {
      out += "postern_auth_decisions_total{";
      append_label(out, "route", name_at(routes, key >> 32));
      out += ',';
      append_label(out, "provider", provider);
      out += ',';
      append_label(out, "reason", code_of(static_cast<Reason>(key & 0xFF)));
      out += "} ";
      append_number(out, count);
      out += '\n';
    }
  }
}

// The buckets of one histogram, cumulated as the format wants them, with its sum and count.
void append_histogram(std::string& out, std::string_view name, const std::string& label, const Histogram& histogram) {
  std::uint64_t cumulated = 0;
  for (std::size_t i = 0; i < histogram.buckets().size(); ++i) {
    cumulated += histogram.buckets()[i];
    out.append(name).append("_bucket{").append(label).append(",le=\"");
    if (i < Histogram::bounds.size()) {
      append_bound(out, Histogram::bounds[i]);
    } else {
      out += "+Inf";
    }
    out += "\"} ";
    append_number(out, cumulated);
    out += '\n';
  }
  out.append(name).append("_sum{").append(label).append("} ");
  append_number(out, histogram.sum());
  out.append("\n").append(name).append("_count{").append(label).append("} ");
  append_number(out, histogram.count());
  out += '\n';
}

void append_histograms(std::string& out, std::string_view name, std::string_view help, std::string_view label_name,
                       const std::vector<Histogram>& histograms, const Names& names) {
  append_family(out, name, "histogram", help);
  for (std::size_t i = 0; i < histograms.size(); ++i) {
    if (histograms[i].count() == 0) continue;
    std::string label;
    append_label(label, label_name, name_at(names, i));
    append_histogram(out, name, label, histograms[i]);
  }
}

void append_counters(std::string& out, const WorkerMetrics& sum, const ProcessFacts& process) {
  append_single(out, "postern_token_cache_hits_total", "counter", "Tokens found verified in the cache.",
                sum.token_cache_hits);
  append_single(out, "postern_token_cache_misses_total", "counter", "Tokens that had to be verified.",
                sum.token_cache_misses);
  append_single(out, "postern_spoofed_headers_removed_total", "counter",
                "Request headers removed because the gateway alone may set them.", sum.spoofed_headers_removed);
  append_single(out, "postern_downstream_connections_open", "gauge", "Client connections open now.",
                sum.downstream_connections);
  append_single(out, "postern_downstream_connections_parked", "gauge",
                "Client connections that have been quiet for a while and hold no memory of a session.",
                sum.downstream_connections_parked);
  append_single(out, "postern_downstream_connections_total", "counter", "Client connections accepted.",
                sum.downstream_connections_total);
  append_single(out, "postern_upstream_connections_total", "counter", "Connections made to upstreams.",
                sum.upstream_connections_total);
  append_single(out, "postern_upstream_replays_total", "counter",
                "Requests tried again, at another endpoint or on a new connection, as nothing of a response had come.",
                sum.upstream_replays_total);
  append_single(out, "postern_accept_errors_total", "counter", "Failures to accept a connection.",
                sum.accept_errors_total);
  append_single(out, "postern_access_log_dropped_lines_total", "counter",
                "Access log lines dropped because they could not be written in time.", process.access_log_dropped);
  append_single(out, "postern_config_last_reload_successful", "gauge",
                "1 when the configuration in use is the one last asked for.", process.last_reload_successful ? 1 : 0);
  append_family(out, "postern_build_info", "gauge", "The version of the program; always 1.");
  out += "postern_build_info{";
  append_label(out, "version", process.version);
  out += "} 1\n";
}

// One line for each provider whose keys are fetched.
template <class Value>
void append_by_provider(std::string& out, const std::vector<ProviderStatus>& providers, std::string_view name,
                        std::string_view type, std::string_view help, Value value) {
  append_family(out, name, type, help);
  for (const ProviderStatus& provider : providers) {
    if (!provider.remote) continue;
    out.append(name).append("{");
    append_label(out, "provider", provider.name);
    out += "} ";
    append_number(out, value(provider));
    out += '\n';
  }
}

void append_keys(std::string& out, const std::vector<ProviderStatus>& providers) {
  append_family(out, "postern_jwks_fetches_total", "counter", "Fetches of a provider's keys by result.");
  for (const ProviderStatus& provider : providers) {
    for (const auto& [result, count] : provider.fetches) {
      out += "postern_jwks_fetches_total{";
      append_label(out, "provider", provider.name);
      out += ',';
      append_label(out, "result", result);
      out += "} ";
      append_number(out, count);
      out += '\n';
    }
  }
  using Status = ProviderStatus;
  append_by_provider(out, providers, "postern_jwks_age_seconds", "gauge", "Since the last good fetch; -1 without one.",
                     [](const Status& status) { return status.age.value_or(-1); });
  append_by_provider(out, providers, "postern_jwks_keys", "gauge", "Keys that can be used at this moment.",
                     [](const Status& status) { return status.keys.size(); });
  append_by_provider(out, providers, "postern_jwks_waiting_requests", "gauge", "Requests that wait for a fetch.",
                     [](const Status& status) { return status.waiting_requests; });
  append_by_provider(out, providers, "postern_jwks_unknown_kid_refusals_total", "counter",
                     "Requests whose key was not known, refused without a fetch.",
                     [](const Status& status) { return status.unknown_kid_refusals; });
}

// They are the same for every provider.
void append_revocations(std::string& out, const std::vector<ProviderStatus>& providers) {
  if (providers.empty() || !providers.front().revocations) return;
  const ProviderStatus::Revocations& revocations = *providers.front().revocations;
  append_family(out, "postern_revocations", "gauge", "Revocations that are in force.");
  out += "postern_revocations ";
  append_number(out, revocations.count);
  out += '\n';
  append_family(out, "postern_revocations_following", "gauge",
                "1 while what others revoke is heard of, 0 when the store was not heard of for too long.");
  out += "postern_revocations_following ";
  out += revocations.following ? "1\n" : "0\n";
}

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

std::uint64_t open_descriptors() {
  std::error_code error;
  std::uint64_t count = 0;
  for (std::filesystem::directory_iterator entry("/proc/self/fd", error), end; !error && entry != end;
       entry.increment(error)) {
    ++count;
  }
  return count > 0 ? count - 1 : 0;  // less the one that lists them
}

void append_process(std::string& out, double start_time) {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  append_single(out, "process_cpu_seconds_total", "counter", "User and system CPU time in seconds.",
                seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime));

  std::uint64_t virtual_pages = 0;
  std::uint64_t resident_pages = 0;
  std::ifstream("/proc/self/statm") >> virtual_pages >> resident_pages;
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  append_single(out, "process_virtual_memory_bytes", "gauge", "Virtual memory size in bytes.", virtual_pages * page);
  append_single(out, "process_resident_memory_bytes", "gauge", "Resident memory size in bytes.", resident_pages * page);

  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  append_single(out, "process_open_fds", "gauge", "Open file descriptors.", open_descriptors());
  append_single(out, "process_max_fds", "gauge", "The most file descriptors that may be open.",
                static_cast<std::uint64_t>(limit.rlim_cur));
  append_single(out, "process_start_time_seconds", "gauge", "Start of the process in Unix seconds.", start_time);
}

}  // namespace

std::string render_metrics(const WorkerMetrics& sum, const MetricNames& routes, const MetricNames& upstreams,
                           const ProcessFacts& process) {
  const Names route_names = routes.all();
  std::string out;
  append_requests(out, sum, route_names);
  append_histograms(out, "postern_http_request_duration_seconds",
                    "From a request's first byte to the last of its response.", "route", sum.request_seconds,
                    route_names);
  append_histograms(out, "postern_upstream_request_duration_seconds",
                    "From sending a request to the upstream's response head.", "upstream", sum.upstream_seconds,
                    upstreams.all());
  append_decisions(out, sum, route_names);
  append_keys(out, process.providers);
  append_revocations(out, process.providers);
  append_counters(out, sum, process);
  append_process(out, process.start_time);
  return out;
}

}  // namespace postern
