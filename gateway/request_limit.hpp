// How many requests an upstream may have at once, counted over all workers.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace postern {

class RequestLimit {
 public:
  // One request's place, given back when it goes. False: there was none to take. The limit has to outlive it.
  class Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept : limit_(std::exchange(other.limit_, nullptr)) {}
    Place& operator=(Place&& other) noexcept {
      Place before = std::move(*this);
      limit_ = std::exchange(other.limit_, nullptr);
      return *this;
    }
    ~Place() {
      if (limit_ != nullptr) limit_->taken_.fetch_sub(1, std::memory_order_relaxed);
    }
    explicit operator bool() const noexcept { return limit_ != nullptr; }

   private:
    friend class RequestLimit;
    explicit Place(RequestLimit& limit) noexcept : limit_(&limit) {}
    RequestLimit* limit_ = nullptr;
  };

  explicit RequestLimit(std::uint32_t most) noexcept : most_(most) {}

  // From any thread. Refuses only while as many as there may be are taken.
  Place take() noexcept {
    std::uint32_t taken = taken_.load(std::memory_order_relaxed);
    while (taken < most_) {
      if (taken_.compare_exchange_weak(taken, taken + 1, std::memory_order_relaxed)) return Place(*this);
    }
    return {};
  }

  std::uint32_t most() const noexcept { return most_; }

 private:
  const std::uint32_t most_;
  std::atomic<std::uint32_t> taken_{0};
};

}  // namespace postern
