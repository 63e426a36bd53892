#include "memory/limit.h"

#include <cstdio>

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#else
#include <unistd.h>
#endif

namespace vit {

int64_t physical_memory() {
#if defined(_WIN32)
  MEMORYSTATUSEX status{};
  status.dwLength = sizeof status;
  return GlobalMemoryStatusEx(&status) ? static_cast<int64_t>(status.ullTotalPhys) : 0;
#else
  const long pages = sysconf(_SC_PHYS_PAGES), bytes = sysconf(_SC_PAGESIZE);
  return pages > 0 && bytes > 0 ? static_cast<int64_t>(pages) * bytes : 0;
#endif
}

// Where no caller gave a limit; the engine process always gives one (extension/engine/memory.ts), which heeds
// containers.
int64_t default_memory_limit() {
  const int64_t all = physical_memory();
  return all > 0 ? all / 2 : int64_t{4} << 30;
}

std::string in_words(double bytes) {
  char text[48];
  if (bytes >= 1e8)
    std::snprintf(text, sizeof text, "%.1f GB", bytes / 1e9);
  else
    std::snprintf(text, sizeof text, "%.0f MB", bytes / 1e6);
  return text;
}

}  // namespace vit
