// A value that cannot be logged: it has no stream operator, no implicit conversion, and is wiped when it goes.
#pragma once

#include <string>
#include <string_view>

namespace postern {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string bytes) : bytes_(std::move(bytes)) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)) { other.wipe(); }
  Secret& operator=(Secret other) noexcept {
    bytes_.swap(other.bytes_);
    return *this;
  }
  ~Secret() { wipe(); }

  // The only way to the bytes; the name makes each use easy to find and review.
  std::string_view reveal() const noexcept { return bytes_; }
  bool empty() const noexcept { return bytes_.empty(); }

  bool operator==(const Secret&) const = default;

 private:
  void wipe() noexcept;  // overwrites the whole capacity

  std::string bytes_;
};

}  // namespace postern
