#include "gateway/router.hpp"

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "gateway/http/target.hpp"
#include "gateway/route_tree.hpp"

namespace postern {
namespace {

struct FoldedEqual {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const noexcept { return http::equals_folded(a, b); }
};

std::string_view without_final_dot(std::string_view host) noexcept {
  if (host.ends_with('.')) host.remove_suffix(1);
  return host;
}

using Captured = boost::container::small_vector<std::string_view, 4>;

// One look-up: walks from the most specific place to the least, until an entry takes the request.
class Search {
 public:
  Search(const http::RequestHead& head, std::string_view method, RouteFound& found) noexcept
      : head_(head), method_(method), found_(found) {}

  bool in(const RouteNode& root) {
    literals_.clear();
    return whole_path(root, head_.path, true) || longest_prefix();
  }
  bool missed_by_method() const noexcept { return !allowed_.empty(); }
  std::string allow() const {
    std::string list;
    for (const std::string_view method : allowed_) list.append(list.empty() ? "" : ", ").append(method);
    return list;
  }

 private:
  // Exact paths and templates: at each segment the literal before the named one, as deep as the configuration goes.
  bool whole_path(const RouteNode& node, std::string_view rest, bool by_literals) {
    if (by_literals) literals_.push_back({&node, !rest.empty()});
    if (rest.empty()) return take(node.exact);
    const std::string_view segment = take_segment(rest);
    const auto literal = node.literal.find(segment);
    if (literal != node.literal.end() && whole_path(*literal->second, rest, by_literals)) return true;
    if (!node.any || segment.empty()) return false;
    captured_.push_back(segment);
    if (whole_path(*node.any, rest, false)) return true;
    captured_.pop_back();
    return false;
  }

  bool longest_prefix() {
    return std::any_of(literals_.rbegin(), literals_.rend(), [&](const Place& place) {
      return (place.goes_on && take(place.node->prefix_below)) || take(place.node->prefix);
    });
  }

  bool take(const RouteEntries& entries) {
    for (const RouteEntry* const entry : entries) {
      if (!entry->headers_hold(head_.fields)) continue;
      if (entry->takes(method_)) return accept(*entry);
      allow_methods_of(*entry);
    }
    return false;
  }

  bool accept(const RouteEntry& entry) {
    found_.route = entry.index;
    for (std::size_t i = 0; i < entry.segment_names.size(); ++i) {
      found_.segments.emplace_back(entry.segment_names[i], captured_[i]);
    }
    return true;
  }

  void allow_methods_of(const RouteEntry& entry) {
    const auto add = [&](std::string_view method) {
      if (std::find(allowed_.begin(), allowed_.end(), method) == allowed_.end()) allowed_.push_back(method);
    };
    for (const std::string& method : entry.methods) {
      add(method);
      if (method == "GET") add("HEAD");
    }
  }

  // Where the path has led segment by segment, from the root on; `goes_on`: more of it follows.
  struct Place {
    const RouteNode* node;
    bool goes_on;
  };

  const http::RequestHead& head_;
  std::string_view method_;
  RouteFound& found_;
  boost::container::small_vector<Place, 8> literals_;
  Captured captured_;
  Captured allowed_;
};

}  // namespace

struct Router::Tree {
  std::vector<std::unique_ptr<const RouteEntry>> entries;
  using ByHost = std::unordered_map<std::string, RouteNode, WordHash<true>, FoldedEqual>;

  ByHost hosts;
  ByHost wildcards;  // `*.example.com` as `example.com`
  std::size_t longest_wildcard = 0;
  RouteNode any_host;

  RouteNode& place_of(std::string_view host) {
    if (host == "*") return any_host;
    host = without_final_dot(http::host_of(host));
    if (!host.starts_with("*.")) return hosts[std::string(host)];
    host.remove_prefix(2);
    longest_wildcard = std::max(longest_wildcard, host.size());
    return wildcards[std::string(host)];
  }

  // The host itself, then the wildcards from the longest on, then any.
  bool search(std::string_view host, Search& search) const {
    if (!hosts.empty()) {
      const auto exact = hosts.find(host);
      if (exact != hosts.end() && search.in(exact->second)) return true;
    }
    for (std::size_t dot = host.find('.'); dot != std::string_view::npos && longest_wildcard > 0;
         dot = host.find('.', dot + 1)) {
      const std::string_view suffix = host.substr(dot + 1);
      if (dot == 0 || suffix.size() > longest_wildcard) continue;
      const auto wildcard = wildcards.find(suffix);
      if (wildcard != wildcards.end() && search.in(wildcard->second)) return true;
    }
    return search.in(any_host);
  }
};

Router::Router(std::span<const conf::Route> routes) {
  auto tree = std::make_unique<Tree>();
  for (std::size_t i = 0; i < routes.size(); ++i) {
    const conf::RouteMatch& match = routes[i].match;
    auto entry = std::make_unique<const RouteEntry>(match, i);
    if (match.host.empty()) tree->any_host.hang(match, entry.get());
    for (const std::string& host : match.host) tree->place_of(host).hang(match, entry.get());
    tree->entries.push_back(std::move(entry));
  }
  tree_ = std::move(tree);
}

Router::~Router() = default;
Router::Router(Router&&) noexcept = default;

void RouteFound::clear() noexcept {
  route.reset();
  reason = Reason::accepted;
  allow.clear();
  segments.clear();
}

void Router::find(const http::RequestHead& head, std::string_view method, RouteFound& found) const {
  found.clear();
  Search search(head, method, found);
  if (tree_->search(without_final_dot(http::host_of(head.authority)), search)) return;
  found.reason = search.missed_by_method() ? Reason::method_not_allowed : Reason::route_not_found;
  found.allow = search.allow();
}

std::string rewrite_path(const conf::Route& route, std::string_view path,
                         std::span<const std::pair<std::string_view, std::string_view>> segments) {
  if (!route.strip_prefix.empty()) {
    std::string_view prefix = route.strip_prefix;
    if (prefix.ends_with('/')) prefix.remove_suffix(1);
    if (!path.starts_with(prefix)) return std::string(path);
    const std::string_view rest = path.substr(prefix.size());
    if (rest.empty()) return "/";
    return std::string(rest.front() == '/' ? rest : path);
  }
  if (route.set_path.empty()) return std::string(path);
  std::string rewritten;
  for (std::string_view rest = route.set_path; !rest.empty();) {
    const std::string_view segment = take_segment(rest);
    const auto named = std::find_if(segments.begin(), segments.end(), [&](const auto& known) {
      return is_segment_name(segment) && known.first == segment.substr(1, segment.size() - 2);
    });
    rewritten.append("/").append(named == segments.end() ? segment : named->second);
  }
  return rewritten;
}

}  // namespace postern
