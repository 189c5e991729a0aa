// Replays the corpus: see target.hpp.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <vector>

#include "tests/fuzz/target.hpp"

namespace fs = std::filesystem;

namespace postern::fuzz {
namespace {

const fs::path here = fs::path(POSTERN_SOURCE_DIR) / "tests/fuzz";

std::vector<fs::path> sorted_files(const fs::path& folder) {
  std::vector<fs::path> files;
  if (!fs::is_directory(folder)) return files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// In a block of exactly its size, so that a sanitizer sees a read behind its end.
std::vector<char> read_bytes(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  REQUIRE(in);
  std::vector<char> bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  bytes.shrink_to_fit();
  return bytes;
}

// Nothing when a property does not hold, which is a failure of its own.
std::optional<Verdict> judge_file(const fs::path& file, Verdict (*judge)(std::string_view)) {
  const std::vector<char> bytes = read_bytes(file);
  try {
    return judge({bytes.data(), bytes.size()});
  } catch (const BrokenProperty& broken) {
    FAIL_CHECK("a property does not hold: " << std::string(broken.what()));
    return std::nullopt;
  }
}

}  // namespace

void replay(std::string_view target, Verdict (*judge)(std::string_view)) {
  for (const std::string folder : {"accepted", "refused"}) {
    const fs::path top = here / "corpus" / target / folder;
    const auto files = sorted_files(top);
    CHECK_MESSAGE(!files.empty(), top, " holds no seed");
    for (const fs::path& file : files) {
      CAPTURE(file.string());
      const auto verdict = judge_file(file, judge);
      if (!verdict) continue;
      CAPTURE(verdict->detail);
      CHECK(verdict->accepted == (folder == "accepted"));
      const std::string code = file.parent_path().lexically_relative(top).string();
      if (!verdict->accepted) CHECK(verdict->code == (code == "." ? "" : code));
    }
  }
}

}  // namespace postern::fuzz

TEST_CASE("each folder of the corpus belongs to a target") {
  for (const auto& folder : fs::directory_iterator(postern::fuzz::here / "corpus")) {
    if (!folder.is_directory()) continue;
    CAPTURE(folder.path().string());
    CHECK(fs::exists(postern::fuzz::here / (folder.path().filename().string() + ".cpp")));
  }
}
