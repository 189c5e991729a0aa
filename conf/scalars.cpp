#include "conf/scalars.hpp"

#include <array>
#include <charconv>
#include <utility>

namespace postern::conf {
namespace {

using Unit = std::pair<std::string_view, std::uint64_t>;

// The largest first: writers take the first that divides the value.
constexpr std::array<Unit, 5> duration_units = {
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::array<Unit, 3> size_units = {{{"GiB", 1ull << 30}, {"MiB", 1ull << 20}, {"KiB", 1ull << 10}}};
constexpr std::uint64_t max_duration = 36'500ull * 86'400'000;
constexpr std::uint64_t max_bytes = (1ull << 63) - 1;

template <std::size_t N>
std::optional<std::uint64_t> parse_quantity(std::string_view text, const std::array<Unit, N>& units,
                                            std::uint64_t max) {
  std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  auto count = parse_integer(text.substr(0, digits));
  if (!count) return std::nullopt;
  for (const auto& [name, factor] : units) {
    if (text.substr(digits) != name) continue;
    if (*count > max / factor) return std::nullopt;
    return *count * factor;
  }
  return std::nullopt;
}

template <std::size_t N>
std::optional<std::string> format_quantity(std::uint64_t value, const std::array<Unit, N>& units) {
  for (const auto& [name, factor] : units) {
    if (value != 0 && value % factor == 0) return std::to_string(value / factor).append(name);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> parse_integer(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text.front() == '0') || text.front() == '-') return std::nullopt;
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<bool> parse_boolean(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return std::nullopt;
}

std::optional<Duration> parse_duration(std::string_view text) {
  auto value = parse_quantity(text, duration_units, max_duration);
  if (!value) return std::nullopt;
  return Duration(static_cast<Duration::rep>(*value));
}

std::optional<Bytes> parse_bytes(std::string_view text) {
  auto value = parse_integer(text);
  if (!value) value = parse_quantity(text, size_units, max_bytes);
  if (!value || *value > max_bytes) return std::nullopt;
  return Bytes{*value};
}

std::string format_duration(Duration value) {
  return format_quantity(static_cast<std::uint64_t>(value.count()), duration_units).value_or("0s");
}

std::string format_bytes(Bytes value) {
  return format_quantity(value.count, size_units).value_or(std::to_string(value.count));
}

}  // namespace postern::conf
