// What both directions of the header rules share.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "gateway/http/head.hpp"
#include "gateway/http/head_writer.hpp"
#include "gateway/http/header_rules.hpp"

namespace postern::http {

// RFC 9110 section 7.6.1, the proxy's own authentication, and Proxy-Connection: of one connection, never forwarded.
bool is_hop_by_hop(KnownField known) noexcept;

// The names that Connection lists beyond the usual options; at most max_connection_options in a head that was judged.
class ConnectionOptions {
 public:
  explicit ConnectionOptions(const Fields& fields);
  bool name(const Field& field) const noexcept { return !names_.empty() && lists(field.name); }

 private:
  bool lists(std::string_view name) const noexcept;

  std::vector<std::string_view> names_;  // the usual Connection lists no field, and nothing is compared
};

// How an edit's name is compared with a field's. An upstream may read a variable of the name: there `X_Env` is `X-Env`.
enum class NameMatch : std::uint8_t { without_case, folded };

// A route's edits on one head.
class EditRules {
 public:
  EditRules(const HeaderEdits& edits, std::span<const std::string_view> injected, NameMatch match) noexcept
      : edits_(edits), injected_(injected), match_(match), empty_(edits.empty()) {}

  // True when a field that is there already gives way: it is removed, or set anew.
  bool drop(std::string_view name) const noexcept { return !empty_ && edits(name); }
  void append(HeadWriter& out) const {
    if (!empty_) append_edits(out);
  }

 private:
  bool same(std::string_view a, std::string_view b) const noexcept;
  bool edits(std::string_view name) const noexcept;
  void append_edits(HeadWriter& out) const;
  bool may_write(std::string_view name) const noexcept;

  const HeaderEdits& edits_;
  std::span<const std::string_view> injected_;
  NameMatch match_;
  bool empty_;  // most routes have none, and nothing is compared
};

// The sum of the bytes of the fields' lines: how much of a head they will need, at most.
std::size_t bytes_of(const Fields& fields) noexcept;

}  // namespace postern::http
