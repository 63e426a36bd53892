#pragma once

#include <string>
#include <vector>

namespace vit {

/** Instruction sets of this processor that matter to the kernels, found at run time (e.g. "avx2", "fma", "neon"). */
std::vector<std::string> cpu_features();

/** Physical cores this process may use; at least 1. Hyper-threads of one core count once where the system says so. */
int physical_cores();

/** Threads for one forward pass: `requested`, or for 0 one for each physical core, at most 8. */
int choose_threads(int requested);

}  // namespace vit
