#include "gateway/buffer_pool.hpp"

#include <algorithm>

namespace postern {

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  if (this != &other) {
    give_back();
    pool_ = std::exchange(other.pool_, nullptr);
    bytes_ = std::move(other.bytes_);
    size_ = other.size_;
  }
  return *this;
}

void Buffer::give_back() noexcept {
  if (!bytes_) return;
  if (size_ == pool_->size_ && pool_->free_.size() < pool_->keep_) {
    pool_->free_.push_back(std::move(bytes_));  // within the capacity that take() reserved
  }
  bytes_.reset();
}

void BufferPool::grow(std::size_t size) {
  if (size <= size_) return;
  free_.clear();
  size_ = size;
}

Buffer BufferPool::take() {
  if (free_.capacity() < keep_) free_.reserve(keep_);
  if (free_.empty()) return Buffer(*this, std::make_unique_for_overwrite<char[]>(size_), size_);
  auto bytes = std::move(free_.back());
  free_.pop_back();
  return Buffer(*this, std::move(bytes), size_);
}

}  // namespace postern
