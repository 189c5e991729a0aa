// Files by the system's own calls, where the standard library cannot say enough.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace postern {

// `what path: the system's reason`; `error` is an errno.
std::string file_fault(std::string_view what, const std::string& path, int error);

// An owned file descriptor, or what a call returned instead of one.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) noexcept : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor();
  int get() const noexcept { return number_; }
  bool is_open() const noexcept { return number_ >= 0; }
  int release() noexcept { return std::exchange(number_, -1); }

 private:
  int number_;
};

// A file, readable for its owner alone, that is written before it takes the place of another: whoever reads finds the
// old one or the new one. It is gone with this object unless it was renamed. Names are relative to `folder`, a
// descriptor or AT_FDCWD that outlives this. False leaves the reason in errno.
class NewFile {
 public:
  // Whatever stands at the name, a link above all, is not ours: nothing is opened then.
  NewFile(int folder, std::string name);
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  bool is_open() const noexcept { return file_.is_open(); }
  int descriptor() const noexcept { return file_.get(); }
  // All of the text, onto the disk. False too where nothing was opened.
  bool write(std::string_view text);
  // The new name is safe on the disk when the folder is: fsync() of that is the caller's.
  bool rename_to(const std::string& name);

 private:
  int folder_;
  std::string name_;
  Descriptor file_;
  bool is_ours_;  // the name stands for this file
};

}  // namespace postern
