#pragma once

#include <string>
#include <vector>

#include "memory/tensor.h"

namespace vit {

/** Where a step of the walk-through is computed; `id` is what VIT_STEP was given. */
struct StepMark {
  const char* id;
  const char* file;
  int line;
};

/** Every VIT_STEP compiled into the program, whether or not it has run. */
const std::vector<StepMark>& step_marks();

/** A step's values and the name it goes by. */
struct TracedStep {
  std::string name;
  Tensor tensor;
};

/**
 * Looks for one step, for all, or for the first that holds NaN or infinity, while a block is computed again, and keeps
 * a copy of what it finds (of the last only the name and the shape).
 */
class Trace {
 public:
  explicit Trace(std::string wanted) : look_(Look::one), wanted_(std::move(wanted)) {}
  static Trace everything() { return Trace(Look::all); }
  static Trace first_not_finite() { return Trace(Look::not_finite); }

  /** Dotted path in front of the names offered from now on, e.g. "blocks.3."; returns the one before. */
  std::string enter(std::string scope);
  const std::string& scope() const { return scope_; }

  /** Whether the step of that id is the one looked for, in the present scope. */
  bool wants(const char* id) const;

  /** values (rows..., columns) of the one image; the last axis is contiguous, rows (all other axes) are ld apart. */
  void offer(const char* id, const Shape& shape, const float* values, int64_t ld);

  bool found() const { return !steps_.empty(); }
  const std::string& found_name() const { return steps_.front().name; }
  Tensor take() { return std::move(steps_.front().tensor); }
  /** In the order of the computation. */
  std::vector<TracedStep> take_all() { return std::move(steps_); }

 private:
  enum class Look { one, all, not_finite };
  explicit Trace(Look look) : look_(look) {}
  std::string name(const char* id) const;

  Look look_;
  std::string wanted_, scope_;
  std::vector<TracedStep> steps_;
};

namespace detail {

bool register_step(const StepMark& mark);

template <class Mark>
struct StepRegistrar {
  static const bool registered;
};
template <class Mark>
const bool StepRegistrar<Mark>::registered = register_step(Mark::mark());

}  // namespace detail

/**
 * Marks the line that has just computed a step. The id is the step's name, with "variant:" in front where two lines
 * compute a step of the same name. Registered before main(), so a model can list its steps without running.
 */
#define VIT_STEP(trace, id_, shape, values, ld)                           \
  do {                                                                    \
    struct Here {                                                         \
      static ::vit::StepMark mark() { return {id_, __FILE__, __LINE__}; } \
    };                                                                    \
    (void)::vit::detail::StepRegistrar<Here>::registered;                 \
    if (trace) (trace)->offer(id_, shape, values, ld);                    \
  } while (false)

}  // namespace vit
