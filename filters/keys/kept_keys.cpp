#include "filters/keys/kept_keys.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <memory>
#include <random>

#include "base/base64.hpp"
#include "base/digest.hpp"
#include "base/file.hpp"
#include "base/json.hpp"

namespace postern::keys {
namespace {

constexpr double clock_tolerance = 60;  // seconds; clocks are set back a little
constexpr time_t leftover_age = 3600;   // seconds; younger ones may be another process's that is writing now

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
  void operator()(DIR* folder) const { ::closedir(folder); }
};
using File = std::unique_ptr<std::FILE, Close>;
using Folder = std::unique_ptr<DIR, Close>;

std::string digest_of(std::string_view text) {
  return encode_hex(bytes_of(sha256(text)));
}

std::string to_text(const KeptKeys& keys) {
  std::string text = "{\"source\":";
  append_json_string(text, keys.source);
  text += ",\"jwks_uri\":";
  append_json_string(text, keys.jwks_uri);
  std::array<char, 32> number;
  const auto end = std::to_chars(number.data(), number.data() + number.size(), keys.fetched_at).ptr;
  text.append(",\"fetched_at\":").append(number.data(), end);
  text += ",\"jwks\":";
  append_json_string(text, keys.document);
  return text += "}\n";
}

// Of a new file, until it is renamed.
std::string passing_name(const std::string& final_name) {
  std::random_device random;
  std::array<char, 8> unique;
  for (char& byte : unique) byte = static_cast<char>(random());
  return final_name + '.' + encode_hex({unique.data(), unique.size()}) + ".new";
}

time_t written_at(const NewFile& file) {
  struct stat status {};
  return ::fstat(file.descriptor(), &status) == 0 ? status.st_mtime : 0;
}

// New files of the same name that no process will rename any more.
void remove_leftovers(DIR* folder, const std::string& final_name, time_t now) {
  while (const dirent* const entry = ::readdir(folder)) {
    const std::string_view name = entry->d_name;
    if (!name.starts_with(final_name + '.') || !name.ends_with(".new")) continue;
    struct stat status {};
    if (::fstatat(::dirfd(folder), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (status.st_mtime <= now - leftover_age) ::unlinkat(::dirfd(folder), entry->d_name, 0);
  }
}

tl::expected<std::string, std::string> read_text(const std::string& path, int number) {
  const File file(::fdopen(number, "r"));
  struct stat status {};
  if (!file || ::fstat(number, &status) != 0) return tl::unexpected(file_fault("cannot read", path, errno));
  if (!S_ISREG(status.st_mode)) return tl::unexpected(path + " is no regular file");
  if (status.st_uid != ::geteuid() && status.st_uid != 0) return tl::unexpected(path + " belongs to somebody else");
  if ((status.st_mode & S_IWOTH) != 0) return tl::unexpected(path + " may be written by everybody");
  std::string text(kept_file_limit + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) return tl::unexpected(file_fault("cannot read", path, errno));
  if (text.size() > kept_file_limit) {
    return tl::unexpected(path + " is longer than " + std::to_string(kept_file_limit) + " bytes");
  }
  return text;
}

std::optional<KeptKeys> parse(std::string_view text) {
  const auto json = parse_json(text, {.bytes = kept_file_limit});
  if (!json) return std::nullopt;
  const auto member = [&](std::string_view name) {
    const Json* const found = json->find(name);
    return found == nullptr ? nullptr : found->string();
  };
  const std::string* const source = member("source");
  const std::string* const jwks_uri = member("jwks_uri");
  const std::string* const document = member("jwks");
  const Json* const time = json->find("fetched_at");
  const auto fetched_at = time == nullptr ? std::nullopt : time->as_double();
  if (source == nullptr || jwks_uri == nullptr || document == nullptr || !fetched_at) return std::nullopt;
  return KeptKeys{*source, *jwks_uri, *fetched_at, *document};
}

}  // namespace

std::string kept_source(const std::string& document, std::string_view identity) {
  return document + " as " + digest_of(identity);
}

std::string kept_file_name(std::string_view source) {
  return digest_of(source) + ".json";
}

std::optional<std::string> keep_keys(const std::string& folder, const KeptKeys& keys) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return file_fault("cannot make", folder, errno);
  const Folder opened(::opendir(folder.c_str()));
  if (!opened) return file_fault("cannot open", folder, errno);
  const std::string name = kept_file_name(keys.source);
  const std::string path = folder + '/' + name;
  const std::string text = to_text(keys);
  if (text.size() > kept_file_limit) {
    return path + " would be longer than " + std::to_string(kept_file_limit) + " bytes";
  }
  NewFile file(::dirfd(opened.get()), passing_name(name));
  // The name is safe on disk only when the folder is, too.
  if (!file.write(text) || !file.rename_to(name) || ::fsync(::dirfd(opened.get())) != 0) {
    return file_fault("cannot write", path, errno);
  }
  remove_leftovers(opened.get(), name, written_at(file));
  return std::nullopt;
}

tl::expected<std::optional<KeptKeys>, std::string> read_kept_keys(const std::string& folder, std::string_view source,
                                                                  double now) {
  const std::string path = folder + '/' + kept_file_name(source);
  // Not to block on a pipe at that name.
  const int number = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (number < 0 && errno == ENOENT) return std::nullopt;
  if (number < 0) return tl::unexpected(file_fault("cannot read", path, errno));
  const auto text = read_text(path, number);
  if (!text) return tl::unexpected(text.error());
  auto kept = parse(*text);
  if (!kept) return tl::unexpected(path + " holds no kept keys");
  if (kept->source != source) return tl::unexpected(path + " is of another source");
  if (kept->fetched_at < 0) return tl::unexpected(path + " was fetched at no such time");
  if (kept->fetched_at > now + clock_tolerance) return tl::unexpected(path + " was fetched in the future");
  return kept;
}

}  // namespace postern::keys
