// The operator new of a program whose tests use ScarceMemory, and the aligned_alloc(), which Asio uses for handlers.
#include "tests/unit/scarce_memory.hpp"

#include <malloc.h>

#include <cerrno>
#include <cstdlib>
#include <new>

using postern::ScarceMemory;

void* operator new(std::size_t size) {
  if (ScarceMemory::refuses()) throw std::bad_alloc();
  void* const memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  try {
    return operator new(size);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

extern "C" void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  if (!ScarceMemory::refuses()) return ::memalign(alignment, size);
  errno = ENOMEM;
  return nullptr;
}
