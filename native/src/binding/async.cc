#include "binding/async.h"

#include <algorithm>

namespace vit::binding {

Napi::Error to_js_error(Napi::Env env, const char* code, const std::string& sentence) {
  Napi::Error error = Napi::Error::New(env, sentence);
  error.Set("code", Napi::String::New(env, code));
  return error;
}

Napi::Float32Array to_js(Napi::Env env, const Floats& values) {
  Napi::Float32Array array = Napi::Float32Array::New(env, values.size());
  std::copy(values.begin(), values.end(), array.Data());
  return array;
}

Napi::Object to_js(Napi::Env env, const Tensor& tensor) {
  Napi::Object object = Napi::Object::New(env);
  Napi::Array shape = Napi::Array::New(env, tensor.shape.size());
  for (uint32_t i = 0; i < tensor.shape.size(); i++) shape.Set(i, static_cast<double>(tensor.shape[i]));
  object.Set("shape", shape);
  object.Set("values", to_js(env, tensor.values));
  return object;
}

void RunQueue::push(Task* task) {
  if (busy_) return waiting_.push_back(task);
  busy_ = true;
  task->Queue();
}

void RunQueue::finished() {
  busy_ = !waiting_.empty();
  if (!busy_) return;
  Task* next = waiting_.front();
  waiting_.pop_front();
  next->Queue();
}

Task::Task(Napi::Env env, std::function<Convert()> compute, RunQueue* queue)
    : AsyncWorker(env, "vit_inspector"),
      deferred_(Napi::Promise::Deferred::New(env)),
      compute_(std::move(compute)),
      queue_(queue) {}

Napi::Promise Task::start(Napi::Env env, std::function<Convert()> compute, RunQueue* queue) {
  // AsyncWorker deletes itself when its work is complete.
  Task* task = new Task(env, std::move(compute), queue);
  const Napi::Promise promise = task->deferred_.Promise();
  if (queue)
    queue->push(task);
  else
    task->Queue();
  return promise;
}

void Task::Execute() {
  try {
    convert_ = compute_();
  } catch (const Error& error) {
    code_ = error.code();
    sentence_ = error.what();
  } catch (const std::bad_alloc&) {
    code_ = "ERR_MEMORY";
    sentence_ = "There is not enough memory for this request.";
  } catch (const std::invalid_argument& error) {
    code_ = "ERR_ARGUMENT";
    sentence_ = error.what();
  }
}

void Task::OnOK() {
  const Napi::Env env = Env();
  if (!code_.empty()) return deferred_.Reject(to_js_error(env, code_.c_str(), sentence_).Value());
  try {
    deferred_.Resolve(convert_(env));
  } catch (const Napi::Error& error) {
    deferred_.Reject(error.Value());
  }
}

void Task::OnWorkComplete(Napi::Env env, napi_status status) {
  RunQueue* queue = queue_;
  AsyncWorker::OnWorkComplete(env, status);
  if (queue) queue->finished();
}

}  // namespace vit::binding
