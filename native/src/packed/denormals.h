#pragma once

#include <cstdint>

#if defined(__x86_64__) || defined(__i386__)
#include <xmmintrin.h>
#endif

namespace vit {
namespace packed {

/** Denormal operands and results of this thread count as zero until the end of the scope. */
class FlushDenormals {
 public:
  FlushDenormals() : before_(read()) {
#if defined(__x86_64__) || defined(__i386__)
    write(before_ | 0x8040u);  // FTZ and DAZ
#elif defined(__aarch64__)
    write(before_ | (uint64_t{1} << 24));  // FZ
#endif
  }
  ~FlushDenormals() { write(before_); }
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
#if defined(__x86_64__) || defined(__i386__)
  using Mode = unsigned;
  static Mode read() { return _mm_getcsr(); }
  static void write(Mode mode) { _mm_setcsr(mode); }
#elif defined(__aarch64__)
  using Mode = uint64_t;
  static Mode read() {
    Mode mode;
    asm volatile("mrs %0, fpcr" : "=r"(mode));
    return mode;
  }
  static void write(Mode mode) { asm volatile("msr fpcr, %0" : : "r"(mode)); }
#else
  using Mode = unsigned;
  static Mode read() { return 0; }
  static void write(Mode) {}
#endif
  const Mode before_;
};

}  // namespace packed
}  // namespace vit
