// W3C Trace Context: a request without a valid traceparent begins a trace of its own.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "gateway/http/head.hpp"
#include "gateway/http/header_rules.hpp"

namespace postern {

// `00-<trace id>-<parent id>-01` of three random numbers.
inline void write_traceparent(std::array<char, 55>& out, std::uint64_t high, std::uint64_t low, std::uint64_t parent) {
  static constexpr auto pairs = [] {
    std::array<std::array<char, 2>, 256> all{};
    constexpr char digits[] = "0123456789abcdef";
    for (unsigned byte = 0; byte < all.size(); ++byte) all[byte] = {digits[byte >> 4], digits[byte & 15]};
    return all;
  }();
  const auto write = [](char* place, std::uint64_t number) {
    number |= 1;  // an id of zeros is invalid
    for (int shift = 56; shift >= 0; shift -= 8, place += 2) {
      std::memcpy(place, pairs[number >> shift & 0xFF].data(), 2);
    }
  };
  out[0] = out[1] = '0';
  out[2] = out[35] = out[52] = '-';
  write(&out[3], high);
  write(&out[19], low);
  write(&out[36], parent);
  out[53] = '0';
  out[54] = '1';
}

// The trace id that goes to the upstream: the client's when it sent one valid traceparent, else the one made here.
inline std::string_view trace_id_of(const http::RequestHead& request, std::string_view made) {
  const http::Field* field = request.fields.find(http::KnownField::traceparent);
  const bool continued = field != nullptr && request.fields.count(http::KnownField::traceparent) == 1 &&
                         http::is_traceparent(field->value);
  return (continued ? field->value : made).substr(3, 32);
}

}  // namespace postern
