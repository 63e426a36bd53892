#pragma once

#include <napi.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "error.h"
#include "inspect/steps.h"
#include "memory/tensor.h"

namespace vit::binding {

/** An Error of JavaScript with its code, and its sentence as template and arguments. */
Napi::Error to_js_error(Napi::Env env, const Failure& failure);

/** Calls `body`; whatever is thrown in it becomes a JavaScript exception with its code. */
template <class Body>
auto guarded(Napi::Env env, Body body) -> decltype(body()) {
  try {
    return body();
  } catch (const Napi::Error&) {
    throw;
  } catch (...) {
    throw to_js_error(env, failure_in_flight());
  }
}

/** A copy owned by V8. */
Napi::Float32Array to_js(Napi::Env env, const Floats& values);
/** { shape, values } */
Napi::Object to_js(Napi::Env env, const Tensor& tensor);

/** Steps of binding.d.ts. */
Napi::Array to_js(Napi::Env env, const std::vector<Step>& steps);
/** A string, or null for none. */
Napi::Value to_js(Napi::Env env, const std::optional<std::string>& name);

class Task;

/**
 * Forward passes wait here for each other: one runs at a time in this process's addon, so that two never share a
 * model's scratch nor fight over the cores. Used on the JavaScript thread only.
 */
class RunQueue {
 public:
  void push(Task* task);
  void finished();

 private:
  std::deque<Task*> waiting_;
  bool busy_ = false;
};

/** Work on a thread of the addon that ends in a promise. Execute calls `compute_`, which must not touch V8. */
class Task : public Napi::AsyncWorker {
 public:
  using Convert = std::function<Napi::Value(Napi::Env)>;

  /** `compute` runs on the worker and returns how to turn its result into a value, which then runs on the JavaScript
   * thread. */
  static Napi::Promise start(Napi::Env env, std::function<Convert()> compute, RunQueue* queue = nullptr);

 protected:
  void Execute() override;
  void OnOK() override;
  void OnWorkComplete(Napi::Env env, napi_status status) override;

 private:
  Task(Napi::Env env, std::function<Convert()> compute, RunQueue* queue);

  Napi::Promise::Deferred deferred_;
  std::function<Convert()> compute_;
  Convert convert_;
  RunQueue* queue_;
  std::optional<Failure> failure_;
};

}  // namespace vit::binding
