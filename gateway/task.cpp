#include "gateway/task.hpp"

#include <array>
#include <new>

namespace postern::task {
namespace {

// Free frames by size, in steps of 64 bytes. Sizes are few: a coroutine's frame is always the same.
class Frames {
 public:
  ~Frames() { free_kept(); }

  void free_kept() noexcept {
    for (Stack& stack : stacks_) {
      while (stack.top != nullptr) ::operator delete(stack.pop());
    }
  }

  void* allocate(std::size_t size) {
    const std::size_t index = index_of(size);
    if (index >= stacks_.size()) return ::operator new(size);
    Stack& stack = stacks_[index];
    return stack.top != nullptr ? stack.pop() : ::operator new((index + 1) * step);
  }

  void free(void* frame, std::size_t size) noexcept {
    const std::size_t index = index_of(size);
    if (index >= stacks_.size() || stacks_[index].count * size >= kept_bytes) return ::operator delete(frame);
    stacks_[index].push(frame);
  }

 private:
  struct Free {
    Free* next;
  };
  struct Stack {
    Free* top = nullptr;
    std::size_t count = 0;
    void push(void* frame) noexcept {
      top = new (frame) Free{top};
      count += 1;
    }
    void* pop() noexcept {
      count -= 1;
      return std::exchange(top, top->next);
    }
  };

  static constexpr std::size_t step = 64;
#ifdef POSTERN_SANITIZED
  static constexpr std::size_t kept_bytes = 0;  // so that the use of a frame that is gone is seen
#else
  static constexpr std::size_t kept_bytes = 256 * 1024;  // of each size
#endif

  static std::size_t index_of(std::size_t size) noexcept { return (size - 1) / step; }

  std::array<Stack, 32> stacks_;
};

thread_local Frames frames;

}  // namespace

void* allocate_frame(std::size_t size) { return frames.allocate(size); }
void free_frame(void* frame, std::size_t size) noexcept { frames.free(frame, size); }
void free_kept_frames() noexcept { frames.free_kept(); }

}  // namespace postern::task
