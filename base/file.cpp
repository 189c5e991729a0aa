#include "base/file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <system_error>

namespace postern {

std::string file_fault(std::string_view what, const std::string& path, int error) {
  return std::string(what).append(" ").append(path).append(": ").append(std::generic_category().message(error));
}

Descriptor::~Descriptor() {
  if (is_open()) ::close(number_);
}

NewFile::NewFile(int folder, std::string name)
    : folder_(folder),
      name_(std::move(name)),
      file_(::openat(folder_, name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)),
      is_ours_(file_.is_open()) {}

NewFile::~NewFile() {
  if (is_ours_) ::unlinkat(folder_, name_.c_str(), 0);
}

bool NewFile::write(std::string_view text) {
  if (!is_open()) return false;
  while (!text.empty()) {
    const ssize_t count = ::write(file_.get(), text.data(), text.size());
    if (count < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return ::fsync(file_.get()) == 0;
}

bool NewFile::rename_to(const std::string& name) {
  if (::renameat(folder_, name_.c_str(), folder_, name.c_str()) != 0) return false;
  is_ours_ = false;
  return true;
}

}  // namespace postern
