#include "gateway/route_tree.hpp"

#include <algorithm>

namespace postern {
namespace {

// More conditions first; then a named HEAD before one that GET implies; then the order of the file.
bool more_specific(const RouteEntry* a, const RouteEntry* b) noexcept {
  if (a->conditions() != b->conditions()) return a->conditions() > b->conditions();
  if (a->names("HEAD") != b->names("HEAD")) return a->names("HEAD");
  return a->index < b->index;
}

RouteNode& child(RouteNode& node, std::string_view segment) {
  const auto found = node.literal.find(segment);
  if (found != node.literal.end()) return *found->second;
  return *node.literal.emplace(std::string(segment), std::make_unique<RouteNode>()).first->second;
}

RouteNode& grow(RouteNode& root, std::string_view path, bool is_template) {
  RouteNode* node = &root;
  while (!path.empty()) {
    const std::string_view segment = take_segment(path);
    if (is_template && is_segment_name(segment)) {
      if (!node->any) node->any = std::make_unique<RouteNode>();
      node = node->any.get();
    } else {
      node = &child(*node, segment);
    }
  }
  return *node;
}

std::vector<std::string> names_of(std::string_view path_template) {
  std::vector<std::string> names;
  while (!path_template.empty()) {
    const std::string_view segment = take_segment(path_template);
    if (is_segment_name(segment)) names.emplace_back(segment.substr(1, segment.size() - 2));
  }
  return names;
}

bool holds(const std::string& name, const conf::HeaderMatch& match, const http::Fields& fields) {
  bool any = false;
  for (const http::Field& field : fields) {
    if (field.removed || !http::equals_folded(field.name, name)) continue;
    if (match.value && field.value != *match.value) return false;
    if (match.matches && !match.matches->matches(field.value)) return false;
    any = true;
  }
  return any == match.present.value_or(true);
}

}  // namespace

RouteEntry::RouteEntry(const conf::RouteMatch& match, std::size_t route)
    : index(route),
      methods(match.methods),
      headers(match.headers.begin(), match.headers.end()),
      segment_names(names_of(match.path_template)) {}

bool RouteEntry::names(std::string_view method) const noexcept {
  return std::find(methods.begin(), methods.end(), method) != methods.end();
}

bool RouteEntry::takes(std::string_view method) const noexcept {
  return methods.empty() || names(method) || (method == "HEAD" && names("GET"));
}

bool RouteEntry::headers_hold(const http::Fields& fields) const {
  return std::all_of(headers.begin(), headers.end(),
                     [&](const auto& condition) { return holds(condition.first, condition.second, fields); });
}

void RouteNode::hang(const conf::RouteMatch& match, const RouteEntry* entry) {
  const auto insert = [&](RouteEntries& entries) {
    entries.insert(std::upper_bound(entries.begin(), entries.end(), entry, more_specific), entry);
  };
  if (!match.path.empty()) return insert(grow(*this, match.path, false).exact);
  if (!match.path_template.empty()) return insert(grow(*this, match.path_template, true).exact);
  std::string_view path = match.path_prefix;
  if (path.empty() || path == "/") return insert(prefix);
  const bool below = path.ends_with('/');
  if (below) path.remove_suffix(1);
  RouteNode& node = grow(*this, path, false);
  insert(below ? node.prefix_below : node.prefix);
}

std::string_view take_segment(std::string_view& rest) noexcept {
  const std::size_t end = std::min(rest.find('/', 1), rest.size());
  const std::string_view segment = rest.substr(1, end - 1);
  rest.remove_prefix(end);
  return segment;
}

bool is_segment_name(std::string_view segment) noexcept {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

}  // namespace postern
