// A folder of this process alone, which goes with the object.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace postern {

class TemporaryFolder {
 public:
  // Made where the system keeps temporary files (TMPDIR), with rights for its owner alone; its name begins with
  // `prefix`. Throws std::runtime_error when it cannot be made.
  explicit TemporaryFolder(std::string_view prefix);
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();  // removes it and all that is in it

  const std::filesystem::path& path() const noexcept { return path_; }
  std::string path_of(std::string_view name) const;

  // Gives the file's path. Throws std::runtime_error when it cannot be written.
  std::string write(std::string_view name, std::string_view text) const;

 private:
  std::filesystem::path path_;
};

}  // namespace postern
