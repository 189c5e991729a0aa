#include "filters/keys/kept_keys.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "base/temporary_folder.hpp"

namespace postern::keys {
namespace {

namespace fs = std::filesystem;

constexpr double now = 1'795'000'000;
constexpr std::string_view source = "https://id.example/keys https://id.example";

KeptKeys sample() {
  return {std::string(source), "https://id.example/keys", now - 100.25, "{\"keys\":[{\"kid\":\"\\u00e9\\\"\"}]}\n"};
}

// A folder of the test's own, where the keys are kept in one that is not there yet.
struct Place {
  void keep(const KeptKeys& keys = sample()) const { REQUIRE(keep_keys(folder, keys) == std::nullopt); }
  tl::expected<std::optional<KeptKeys>, std::string> read() const { return read_kept_keys(folder, source, now); }
  // The refusal, or what was found.
  std::string refusal() const {
    const auto kept = read();
    return !kept ? kept.error() : kept->has_value() ? "found" : "none";
  }
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(folder)) found.push_back(entry.path().filename().string());
    std::sort(found.begin(), found.end());
    return found;
  }

  TemporaryFolder base{"postern-kept-"};
  std::string folder = base.path_of("keys");
  fs::path file = fs::path(folder) / kept_file_name(source);
};

std::string text_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
void write(const fs::path& path, std::string_view text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}
unsigned mode_of(const fs::path& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777U;
}
void replace(std::string& text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != text.npos);
  text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("Keys that are kept are read back byte for byte") {
  const Place place;
  place.keep();
  const auto kept = place.read();
  REQUIRE(kept);
  REQUIRE(kept->has_value());
  CHECK((*kept)->source == sample().source);
  CHECK((*kept)->jwks_uri == sample().jwks_uri);
  CHECK((*kept)->fetched_at == sample().fetched_at);
  CHECK((*kept)->document == sample().document);
}

TEST_CASE("A file's name is the SHA-256 of its source") {
  CHECK(kept_file_name("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad.json");
  CHECK(kept_file_name("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.json");
}

TEST_CASE("Without a file, or without the folder, nothing was kept and nothing is wrong") {
  const Place place;
  CHECK(place.refusal() == "none");
  fs::create_directory(place.folder);
  CHECK(place.refusal() == "none");
}

TEST_CASE("The folder is made for its owner alone, as is the file") {
  const Place place;
  const mode_t before = ::umask(0);
  place.keep();
  ::umask(before);
  CHECK(mode_of(place.folder) == 0700);
  CHECK(mode_of(place.file) == 0600);
}

TEST_CASE("A folder that is there keeps its rights, and an old file gets those of a new one") {
  const Place place;
  fs::create_directory(place.folder);
  ::chmod(place.folder.c_str(), 0750);
  write(place.file, "old");
  ::chmod(place.file.c_str(), 0666);
  place.keep();
  CHECK(mode_of(place.folder) == 0750);
  CHECK(mode_of(place.file) == 0600);
}

TEST_CASE("Later keys replace earlier ones and leave no other file behind") {
  const Place place;
  place.keep();
  KeptKeys later = sample();
  later.document = "{}";
  place.keep(later);
  CHECK(place.read().value()->document == "{}");
  CHECK(place.names() == std::vector{kept_file_name(source)});
}

TEST_CASE("Each source has its own file") {
  const Place place;
  place.keep();
  KeptKeys other = sample();
  other.source = "another";
  other.document = "{}";
  place.keep(other);
  CHECK(place.read().value()->document == sample().document);
  CHECK(read_kept_keys(place.folder, "another", now).value()->document == "{}");
}

TEST_CASE("What a crash left before the rename is not read, and goes when an hour has passed") {
  const Place place;
  place.keep();
  const fs::path fresh = place.file.string() + ".0123456789abcdef.new";
  const fs::path old = place.file.string() + ".fedcba9876543210.new";
  const fs::path of_another = fs::path(place.folder) / (kept_file_name("another") + ".0123456789abcdef.new");
  for (const fs::path& left : {fresh, old, of_another}) write(left, "{\"source\":\"half");
  for (const fs::path& left : {old, of_another}) {
    fs::last_write_time(left, fs::file_time_type::clock::now() - std::chrono::minutes(61));
  }
  CHECK(place.read().value()->document == sample().document);
  place.keep();
  CHECK(fs::exists(fresh));
  CHECK_FALSE(fs::exists(old));
  CHECK(fs::exists(of_another));
  CHECK(place.refusal() == "found");
}

TEST_CASE("A symbolic link at the file's name is replaced, not followed") {
  const Place place;
  const fs::path victim = place.base.path() / "victim";
  write(victim, "precious");
  fs::create_directory(place.folder);
  fs::create_symlink(victim, place.file);
  place.keep();
  CHECK(text_of(victim) == "precious");
  CHECK_FALSE(fs::is_symlink(place.file));
  CHECK(place.refusal() == "found");
}

TEST_CASE("Nothing is read through a symbolic link, from a pipe or from a folder") {
  const Place place;
  place.keep();
  const fs::path elsewhere = place.base.path() / "elsewhere";
  fs::rename(place.file, elsewhere);
  fs::create_symlink(elsewhere, place.file);
  CHECK(place.refusal().starts_with("cannot read " + place.file.string() + ": "));
  fs::remove(place.file);
  REQUIRE(::mkfifo(place.file.c_str(), 0600) == 0);
  CHECK(place.refusal() == place.file.string() + " is no regular file");
  fs::remove(place.file);
  fs::create_directory(place.file);
  CHECK(place.refusal() == place.file.string() + " is no regular file");
}

TEST_CASE("A file that everybody may write is not trusted") {
  const Place place;
  place.keep();
  ::chmod(place.file.c_str(), 0602);
  CHECK(place.refusal() == place.file.string() + " may be written by everybody");
  ::chmod(place.file.c_str(), 0664);
  CHECK(place.refusal() == "found");
}

TEST_CASE("A file that was cut anywhere is refused") {
  const Place place;
  place.keep();
  const std::string whole = text_of(place.file);
  for (std::size_t size = 0; size < whole.size() - 1; ++size) {  // the last byte is a newline
    write(place.file, whole.substr(0, size));
    CAPTURE(size);
    CHECK(place.refusal() == place.file.string() + " holds no kept keys");
  }
}

TEST_CASE("A file without one of the members, or with another kind in it, is refused") {
  const Place place;
  place.keep();
  const std::string whole = text_of(place.file);
  const std::pair<std::string_view, std::string_view> edits[] = {
      {"\"source\"", "\"sauce\""},          {"\"jwks_uri\"", "\"uri\""},
      {"\"fetched_at\"", "\"at\""},         {"\"jwks\"", "\"keys\""},
      {"1794999899.75", "\"now\""},         {"1794999899.75", "1e400"},
      {"\"https://id.example/keys\"", "7"}, {"{\"source\"", "[\"source\""}};
  for (const auto& [from, to] : edits) {
    std::string text = whole;
    replace(text, from, to);
    write(place.file, text);
    CAPTURE(text);
    CHECK(place.refusal() == place.file.string() + " holds no kept keys");
  }
}

TEST_CASE("A file of another source is refused though it has the right name") {
  const Place place;
  KeptKeys other = sample();
  other.source = "another";
  place.keep(other);
  fs::rename(fs::path(place.folder) / kept_file_name("another"), place.file);
  CHECK(place.refusal() == place.file.string() + " is of another source");
}

TEST_CASE("A time of fetching up to a minute ahead is taken, a later one and one before 1970 are not") {
  const Place place;
  KeptKeys keys = sample();
  const auto refusal_at = [&](double time) {
    keys.fetched_at = time;
    place.keep(keys);
    return place.refusal();
  };
  CHECK(refusal_at(now + 60) == "found");
  CHECK(refusal_at(now + 60.5) == place.file.string() + " was fetched in the future");
  CHECK(refusal_at(1e300) == place.file.string() + " was fetched in the future");
  CHECK(refusal_at(0) == "found");
  CHECK(refusal_at(-0.5) == place.file.string() + " was fetched at no such time");
  CHECK(refusal_at(-1e300) == place.file.string() + " was fetched at no such time");
}

TEST_CASE("A file of the limit is read, one of a byte more is not") {
  const Place place;
  place.keep();
  const std::string whole = text_of(place.file);
  write(place.file, whole + std::string(kept_file_limit - whole.size(), ' '));
  CHECK(place.refusal() == "found");
  write(place.file, whole + std::string(kept_file_limit + 1 - whole.size(), ' '));
  CHECK(place.refusal() == place.file.string() + " is longer than 2097152 bytes");
}

TEST_CASE("Keys that fill the limit are kept, a byte more leaves the old file") {
  const Place place;
  KeptKeys keys = sample();
  keys.document = "";
  place.keep(keys);
  const std::size_t room = kept_file_limit - text_of(place.file).size();
  keys.document.assign(room, 'x');
  place.keep(keys);
  CHECK(fs::file_size(place.file) == kept_file_limit);
  CHECK(place.read().value()->document.size() == room);
  keys.document += 'x';
  CHECK(keep_keys(place.folder, keys) == place.file.string() + " would be longer than 2097152 bytes");
  CHECK(place.read().value()->document.size() == room);
  CHECK(place.names() == std::vector{kept_file_name(source)});
}

TEST_CASE("What cannot be written is told with its path and leaves nothing behind") {
  const Place place;
  const auto fault = keep_keys(place.base.path_of("missing/keys"), sample());
  REQUIRE(fault);
  CHECK(fault->starts_with("cannot make " + place.base.path_of("missing/keys") + ": "));
  write(place.base.path() / "plain", "");
  CHECK(keep_keys(place.base.path_of("plain"), sample())
            .value_or("")
            .starts_with("cannot open " + place.base.path_of("plain") + ": "));
  fs::create_directories(place.file);  // nothing can be renamed over a folder
  const auto cannot_write = keep_keys(place.folder, sample());
  REQUIRE(cannot_write);
  CHECK(cannot_write->starts_with("cannot write " + place.file.string() + ": "));
  CHECK(place.names() == std::vector{kept_file_name(source)});
}

}  // namespace postern::keys
