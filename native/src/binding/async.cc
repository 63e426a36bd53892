#include "binding/async.h"

#include <algorithm>

#include "memory/limit.h"

namespace vit::binding {

namespace {

/** Sentence of extension/errors/sentence.ts. */
Napi::Object to_js(Napi::Env env, const Sentence& said) {
  Napi::Array args = Napi::Array::New(env, said.arguments.size());
  for (uint32_t i = 0; i < said.arguments.size(); i++) {
    const auto& value = said.arguments[i].value;
    if (const auto* text = std::get_if<std::string>(&value))
      args.Set(i, *text);
    else if (const auto* number = std::get_if<int64_t>(&value))
      args.Set(i, static_cast<double>(*number));
    else
      args.Set(i, to_js(env, std::get<Sentence>(value)));
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("message", said.english());
  object.Set("template", said.text);
  object.Set("args", args);
  return object;
}

}  // namespace

Napi::Error to_js_error(Napi::Env env, const Failure& failure) {
  const Napi::Object said = to_js(env, failure.said);
  Napi::Error error = Napi::Error::New(env, failure.said.english());
  error.Set("code", Napi::String::New(env, failure.code));
  error.Set("template", said.Get("template"));
  error.Set("args", said.Get("args"));
  return error;
}

Napi::Float32Array to_js(Napi::Env env, const Floats& values) {
  // V8 ends the process when it cannot have the memory of an array; this many bytes it can count.
  if (values.size() > (size_t{1} << 32) / sizeof(float))
    throw Error::memory(sentence("The values asked for are {0}; ask for a part of them.",
                                 in_words(4.0 * static_cast<double>(values.size()))));
  Napi::Float32Array array = Napi::Float32Array::New(env, values.size());
  std::copy(values.begin(), values.end(), array.Data());
  return array;
}

namespace {

Napi::Array to_js(Napi::Env env, const Shape& shape) {
  Napi::Array sizes = Napi::Array::New(env, shape.size());
  for (uint32_t i = 0; i < shape.size(); i++) sizes.Set(i, static_cast<double>(shape[i]));
  return sizes;
}

}  // namespace

Napi::Object to_js(Napi::Env env, const Tensor& tensor) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("shape", to_js(env, tensor.shape));
  object.Set("values", to_js(env, tensor.values));
  return object;
}

Napi::Array to_js(Napi::Env env, const std::vector<Step>& steps) {
  Napi::Array list = Napi::Array::New(env, steps.size());
  for (uint32_t i = 0; i < steps.size(); i++) {
    Napi::Object step = Napi::Object::New(env), source = Napi::Object::New(env);
    source.Set("file", steps[i].file);
    source.Set("line", steps[i].line);
    step.Set("name", steps[i].name);
    step.Set("shape", to_js(env, steps[i].shape));
    step.Set("source", source);
    list.Set(i, step);
  }
  return list;
}

Napi::Value to_js(Napi::Env env, const std::optional<std::string>& name) {
  return name ? Napi::String::New(env, *name).As<Napi::Value>() : env.Null();
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
  } catch (...) {
    failure_ = failure_in_flight();
  }
}

void Task::OnOK() {
  const Napi::Env env = Env();
  if (failure_) return deferred_.Reject(to_js_error(env, *failure_).Value());
  try {
    deferred_.Resolve(convert_(env));
  } catch (const Napi::Error& error) {
    deferred_.Reject(error.Value());
  } catch (...) {
    deferred_.Reject(to_js_error(env, failure_in_flight()).Value());
  }
}

void Task::OnWorkComplete(Napi::Env env, napi_status status) {
  RunQueue* queue = queue_;
  AsyncWorker::OnWorkComplete(env, status);
  if (queue) queue->finished();
}

}  // namespace vit::binding
