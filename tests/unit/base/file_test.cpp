#include "base/file.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/temporary_folder.hpp"

namespace postern {
namespace {

struct NewFilePlace {
  std::string text_of(const char* name) const {
    std::ifstream in(path / name);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  bool holds(const char* name) const { return std::filesystem::exists(std::filesystem::symlink_status(path / name)); }

  TemporaryFolder folder{"postern-file-"};
  const std::filesystem::path& path = folder.path();
};

}  // namespace

TEST_CASE("A new file takes the old one's name with all of its text, and is its owner's alone") {
  const NewFilePlace place;
  std::ofstream(place.path / "a") << "old";
  const Descriptor folder(::open(place.path.c_str(), O_RDONLY | O_DIRECTORY));
  const std::string text(100'000, 'x');
  NewFile file(folder.get(), "a.new");
  REQUIRE(file.is_open());
  CHECK(file.write(text));
  CHECK(place.text_of("a") == "old");
  CHECK(file.rename_to("a"));
  CHECK(place.text_of("a") == text);
  CHECK_FALSE(place.holds("a.new"));
  struct stat status {};
  REQUIRE(::fstat(file.descriptor(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
}

TEST_CASE("A new file that was not renamed is gone, a renamed one stays") {
  const NewFilePlace place;
  for (const bool renamed : {false, true}) {
    NewFile file(AT_FDCWD, place.path / "a.new");
    CHECK(file.write("text"));
    if (renamed) CHECK(file.rename_to(place.path / "a"));
  }
  CHECK_FALSE(place.holds("a.new"));
  CHECK(place.text_of("a") == "text");
}

TEST_CASE("What stands at a new file's name, a link too, stays and is not written to") {
  const NewFilePlace place;
  std::ofstream(place.path / "a") << "old";
  std::filesystem::create_symlink("a", place.path / "link");
  for (const char* const name : {"a", "link"}) {
    NewFile file(AT_FDCWD, place.path / name);
    CHECK(errno == EEXIST);
    CHECK_FALSE(file.is_open());
    CHECK_FALSE(file.write("new"));
  }
  CHECK(place.holds("link"));
  CHECK(place.text_of("a") == "old");
}

TEST_CASE("A fault names the file and the system's reason") {
  CHECK(file_fault("cannot read", "/a/b", ENOENT) == "cannot read /a/b: No such file or directory");
}

}  // namespace postern
