#include "base/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

namespace postern {

namespace fs = std::filesystem;

TEST_CASE("A temporary folder is its owner's alone, and goes with all that is in it") {
  fs::path path;
  {
    const TemporaryFolder folder("postern-test-");
    const std::string file = folder.write("a", "text");
    CHECK(file == folder.path_of("a"));
    CHECK(fs::file_size(file) == 4);
    fs::create_directory(folder.path_of("b"));
    folder.write("b/c", "");
    path = fs::path(file).parent_path();
    CHECK(path.filename().string().starts_with("postern-test-"));
    CHECK(fs::status(path).permissions() == fs::perms::owner_all);
    CHECK_THROWS_AS(folder.write("d/e", ""), std::runtime_error);
  }
  CHECK(!fs::exists(path));
}

TEST_CASE("Two temporary folders of one prefix are two") {
  const TemporaryFolder one("postern-test-");
  const TemporaryFolder other("postern-test-");
  CHECK(one.path_of("a") != other.path_of("a"));
}

}  // namespace postern
