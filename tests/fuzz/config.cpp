// A configuration file. One without errors must print to a file that loads without errors.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "conf/load.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const postern::conf::Environment none = [](const std::string&) { return std::optional<std::string>(); };
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto loaded = postern::conf::load_yaml(text, "fuzz.yaml", none);
  if (loaded.problems.any()) return 0;
  const std::string printed = postern::conf::print_yaml(loaded.config);
  if (printed.find("<redacted>") != std::string::npos) return 0;  // such a print does not load, on purpose
  if (postern::conf::load_yaml(printed, "fuzz.yaml", none).problems.any()) std::abort();
  return 0;
}
