// Receive buffers that belong to a worker and are lent to the sessions that have bytes in flight: an idle session holds
// none.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace postern {

class BufferPool;

// A buffer on loan; goes back to its pool when it is destroyed.
class Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer&& other) noexcept
      : pool_(std::exchange(other.pool_, nullptr)), bytes_(std::move(other.bytes_)), size_(other.size_) {}
  Buffer& operator=(Buffer&& other) noexcept;
  ~Buffer() { give_back(); }

  char* data() const noexcept { return bytes_.get(); }
  std::size_t size() const noexcept { return size_; }
  explicit operator bool() const noexcept { return bytes_ != nullptr; }
  void give_back() noexcept;

 private:
  friend class BufferPool;
  Buffer(BufferPool& pool, std::unique_ptr<char[]> bytes, std::size_t size)
      : pool_(&pool), bytes_(std::move(bytes)), size_(size) {}

  BufferPool* pool_ = nullptr;
  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
};

// Buffers of one size. Not thread-safe: one for each worker. Must outlive its buffers.
class BufferPool {
 public:
  BufferPool(std::size_t size, std::size_t keep) : size_(size), keep_(keep) {}

  Buffer take();
  // A reload may raise a limit: buffers that are taken from now on have at least `size` bytes.
  void grow(std::size_t size);
  std::size_t size() const noexcept { return size_; }  // of those that are taken from now on
  void free_unused() noexcept { free_.clear(); }

 private:
  friend class Buffer;
  std::size_t size_;
  std::size_t keep_;  // unused ones kept
  std::vector<std::unique_ptr<char[]>> free_;
};

}  // namespace postern
