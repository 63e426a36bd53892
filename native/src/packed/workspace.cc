#include "packed/workspace.h"

#include <atomic>

#include "linalg/cpu.h"

namespace vit {
namespace packed {

namespace {

std::unique_ptr<ThreadPool>& pool() {
  // Never destroyed: at process exit its threads may already be gone, and joining them would hang.
  static auto* const pool = new std::unique_ptr<ThreadPool>;
  return *pool;
}

// A core does about fifty thousand million multiplications a second, and waking a thread takes up to 0.2 ms.
std::atomic<double> worth_waking{5e6};

}  // namespace

#if defined(__MINGW32__)
namespace {
// No destructor: GCC for Windows frees a thread's variables before it destroys them.
thread_local Workspace* own_workspace = nullptr;
}  // namespace

Workspace& thread_workspace() {
  if (!own_workspace) own_workspace = new Workspace;
  return *own_workspace;
}

void clear_thread_workspace() {
  delete own_workspace;
  own_workspace = nullptr;
}
#else
Workspace& thread_workspace() {
  static thread_local Workspace workspace;
  return workspace;
}

void clear_thread_workspace() { thread_workspace() = Workspace(); }
#endif

ThreadPool& current_pool() {
  if (!pool()) use_threads(choose_threads(0));
  return *pool();
}

void use_threads(int threads) {
  if (pool() && pool()->size() == threads) return;
  pool() = std::make_unique<ThreadPool>(threads);
}

int threads_for(double multiplications) { return multiplications < worth_waking ? 1 : current_pool().size(); }

void share_from(double multiplications) { worth_waking = multiplications; }

}  // namespace packed
}  // namespace vit
