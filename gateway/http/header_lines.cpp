#include "gateway/http/header_lines.hpp"

#include <algorithm>

#include "gateway/http/syntax.hpp"

namespace postern::http {

bool is_hop_by_hop(KnownField known) noexcept {
  switch (known) {
    case KnownField::connection:
    case KnownField::http2_settings:
    case KnownField::keep_alive:
    case KnownField::proxy_authenticate:
    case KnownField::proxy_authorization:
    case KnownField::proxy_connection:
    case KnownField::te:
    case KnownField::trailer:
    case KnownField::transfer_encoding:
    case KnownField::upgrade:
      return true;
    default:
      return false;
  }
}

ConnectionOptions::ConnectionOptions(const Fields& fields) {
  for (const Field& field : fields) {
    if (field.known != KnownField::connection) continue;
    for_each_in_list(field.value, [&](std::string_view option) {
      const bool usual =
          equals_folded(option, "keep-alive") || equals_folded(option, "close") || is_hop_by_hop(known_field(option));
      if (!usual) names_.push_back(option);
      return true;
    });
  }
}

bool ConnectionOptions::lists(std::string_view name) const noexcept {
  return std::any_of(names_.begin(), names_.end(),
                     [&](std::string_view option) { return equals_folded(option, name); });
}

bool EditRules::same(std::string_view a, std::string_view b) const noexcept {
  return match_ == NameMatch::folded ? folds_alike(a, b) : equals_folded(a, b);
}

bool EditRules::edits(std::string_view name) const noexcept {
  const auto is_it = [&](std::string_view edited) { return same(edited, name); };
  return std::any_of(edits_.remove.begin(), edits_.remove.end(), is_it) ||
         std::any_of(edits_.set.begin(), edits_.set.end(), [&](const auto& edit) { return is_it(edit.first); });
}

bool EditRules::may_write(std::string_view name) const noexcept {
  const KnownField known = known_field(name);
  if (is_hop_by_hop(known) || known == KnownField::content_length || known == KnownField::host ||
      known == KnownField::expect) {
    return false;
  }
  return std::none_of(injected_.begin(), injected_.end(),
                      [&](std::string_view line) { return same(line.substr(0, line.find(':')), name); });
}

void EditRules::append_edits(HeadWriter& out) const {
  for (const auto* edits : {&edits_.set, &edits_.add}) {
    for (const auto& [name, value] : *edits) {
      if (may_write(name)) out.line(name, value);
    }
  }
}

std::size_t bytes_of(const Fields& fields) noexcept {
  std::size_t bytes = 0;
  for (const Field& field : fields) {
    if (!field.removed) bytes += field.name.size() + field.value.size() + 4;
  }
  return bytes;
}

}  // namespace postern::http
