// What both directions of the header rules share.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "gateway/http/head.hpp"
#include "gateway/http/header_rules.hpp"

namespace postern::http {

// Appends `name: value` and CRLF.
inline void append_line(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ", 2).append(value).append("\r\n", 2);
}
void append_line(std::string& out, std::string_view name, std::uint64_t value);

// RFC 9110 section 7.6.1, the proxy's own authentication, and Proxy-Connection: of one connection, never forwarded.
bool is_hop_by_hop(KnownField known) noexcept;

// The names that Connection lists beyond the usual options.
class ConnectionOptions {
 public:
  explicit ConnectionOptions(const Fields& fields) noexcept;
  bool name(const Field& field) const noexcept;

 private:
  const Fields& fields_;
  bool any_ = false;  // the usual Connection lists no field, and nothing is compared
};

// A route's edits on one head.
class EditRules {
 public:
  EditRules(const HeaderEdits& edits, std::span<const std::string_view> injected) noexcept
      : edits_(edits), injected_(injected), empty_(edits.empty()) {}

  // True when a field that is there already gives way: it is removed, or set anew.
  bool drop(std::string_view name) const noexcept;
  void append(std::string& out) const;

 private:
  bool may_write(std::string_view name) const noexcept;

  const HeaderEdits& edits_;
  std::span<const std::string_view> injected_;
  bool empty_;
};

// The sum of the fields' bytes as lines: how much a head will need, about.
std::size_t bytes_of(const Fields& fields) noexcept;

}  // namespace postern::http
