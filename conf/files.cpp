#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "base/base64.hpp"
#include "base/file.hpp"
#include "conf/load.hpp"

namespace postern::conf {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

tl::unexpected<std::string> system_error(const std::string& path, int error) {
  return tl::unexpected(file_fault("cannot read", path, error));
}

}  // namespace

tl::expected<std::string, std::string> read_file(const std::string& path, std::size_t limit) {
  std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "rbe"));
  if (!file) return system_error(path, errno);
  std::string text;
  std::array<char, 64 * 1024> chunk;
  while (std::size_t count = std::fread(chunk.data(), 1, chunk.size(), file.get())) {
    text.append(chunk.data(), count);
    if (text.size() > limit) return tl::unexpected(path + " is longer than " + std::to_string(limit) + " bytes");
  }
  if (std::ferror(file.get())) return system_error(path, errno);
  return text;
}

std::optional<std::string> judge_output_file(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return path + " is a folder";
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (folder.empty() || std::filesystem::is_directory(folder, error)) return std::nullopt;
  return "there is no folder " + folder.string();
}

std::optional<std::string> judge_output_folder(std::string path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return std::nullopt;
  if (std::filesystem::exists(path, error)) return path + " is no folder";
  while (path.ends_with('/')) path.pop_back();
  return judge_output_file(path);
}

tl::expected<Secret, std::string> decode_secret(std::string_view written, SecretEncoding encoding) {
  std::optional<std::string> bytes;
  const char* name = "";
  switch (encoding) {
    case SecretEncoding::raw:
      bytes = std::string(written);
      break;
    case SecretEncoding::base64:
      bytes = decode_base64(written), name = "base64";
      break;
    case SecretEncoding::base64url:
      bytes = decode_base64url(written), name = "base64url without padding";
      break;
    case SecretEncoding::hex:
      bytes = decode_hex(written), name = "hex";
      break;
  }
  if (!bytes) return tl::unexpected(std::string("is not valid ") + name);
  if (bytes->empty()) return tl::unexpected(std::string("the secret is empty"));
  return Secret(std::move(*bytes));
}

tl::expected<Secret, std::string> read_secret(const std::string& path, SecretEncoding encoding) {
  auto text = read_file(path, 64 * 1024);
  if (!text) return tl::unexpected(std::move(text.error()));
  Secret whole(std::move(*text));
  std::string_view written = whole.reveal();
  if (written.ends_with('\n')) written.remove_suffix(1);
  auto secret = decode_secret(written, encoding);
  if (!secret) return tl::unexpected(path + ": " + secret.error());
  return secret;
}

}  // namespace postern::conf
