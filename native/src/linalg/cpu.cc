#include "linalg/cpu.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif

namespace vit {

std::vector<std::string> cpu_features() {
  std::vector<std::string> found;
#if (defined(__x86_64__) || defined(__i386__)) && (defined(__GNUC__) || defined(__clang__))
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx")) found.push_back("avx");
  if (__builtin_cpu_supports("avx2")) found.push_back("avx2");
  if (__builtin_cpu_supports("fma")) found.push_back("fma");
  if (__builtin_cpu_supports("avx512f")) found.push_back("avx512f");
  if (__builtin_cpu_supports("avx512bw")) found.push_back("avx512bw");
  if (__builtin_cpu_supports("avx512vnni")) found.push_back("avx512vnni");
#elif defined(__aarch64__) || defined(_M_ARM64)
  found.push_back("neon");
#endif
  return found;
}

namespace {

#if defined(__linux__)
/** Distinct (package, core) pairs among the processors this process may run on; 0 when the system does not say. */
int linux_cores() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return 0;
  std::set<std::string> cores;
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
    if (!CPU_ISSET(cpu, &allowed)) continue;
    const std::string folder = "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/";
    std::string core, package;
    if (!std::getline(std::ifstream(folder + "core_id") >> std::ws, core)) return CPU_COUNT(&allowed);
    std::getline(std::ifstream(folder + "physical_package_id") >> std::ws, package);
    cores.insert(package + ":" + core);
  }
  return static_cast<int>(cores.size());
}
#endif

}  // namespace

int physical_cores() {
  // Found once: on Linux it takes two files for each core, and every matrix of a model asks at load.
  static const int found = [] {
#if defined(__linux__)
    if (const int cores = linux_cores()) return cores;
#endif
    return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  }();
  return found;
}

int choose_threads(int requested) { return requested > 0 ? requested : std::min(8, physical_cores()); }

}  // namespace vit
