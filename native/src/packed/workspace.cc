#include "packed/workspace.h"

#include "linalg/cpu.h"

namespace vit {
namespace packed {

namespace {

std::unique_ptr<ThreadPool>& pool() {
  // Never destroyed: at process exit its threads may already be gone, and joining them would hang.
  static auto* const pool = new std::unique_ptr<ThreadPool>;
  return *pool;
}

}  // namespace

Workspace& thread_workspace() {
  static thread_local Workspace workspace;
  return workspace;
}

ThreadPool& current_pool() {
  if (!pool()) use_threads(choose_threads(0));
  return *pool();
}

void use_threads(int threads) {
  if (pool() && pool()->size() == threads) return;
  pool() = std::make_unique<ThreadPool>(threads);
}

}  // namespace packed
}  // namespace vit
