#include "resize_worker.h"

#include <array>
#include <cmath>
#include <cstring>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "../error.h"
#include "../resize.h"

namespace vit::binding {
namespace {

constexpr std::array<std::pair<const char*, Interpolation>, 6> kInterpolations{{
    {"nearest", Interpolation::nearest},
    {"box", Interpolation::box},
    {"bilinear", Interpolation::bilinear},
    {"hamming", Interpolation::hamming},
    {"bicubic", Interpolation::bicubic},
    {"lanczos", Interpolation::lanczos},
}};

double number_of(const Napi::Object& holder, const char* name) {
  const Napi::Value value = holder.Get(name);
  if (!value.IsNumber()) throw Error::argument("Resize: " + std::string(name) + " must be a number.");
  return value.As<Napi::Number>().DoubleValue();
}

int size_of(const Napi::Object& request, const char* name) {
  const double value = number_of(request, name);
  if (!(value >= 1 && value <= 1 << 24) || value != std::floor(value)) {
    throw Error::argument("Resize: " + std::string(name) + " must be a whole number from 1 to 16777216.");
  }
  return static_cast<int>(value);
}

Interpolation interpolation_of(const Napi::Object& request) {
  const Napi::Value value = request.Get("interpolation");
  const std::string name = value.IsString() ? value.As<Napi::String>().Utf8Value() : "";
  for (const auto& [known, interpolation] : kInterpolations) {
    if (name == known) return interpolation;
  }
  throw Error::argument("Resize: interpolation must be nearest, box, bilinear, hamming, bicubic or lanczos.");
}

Napi::Uint8Array pixels_of(const Napi::Object& request) {
  const Napi::Value value = request.Get("pixels");
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    throw Error::argument("Resize: pixels must be a Uint8Array.");
  }
  return value.As<Napi::Uint8Array>();
}

ResizeJob job_of(const Napi::Object& request) {
  ResizeJob job;
  const Napi::Uint8Array pixels = pixels_of(request);
  job.pixels = pixels.Data();
  job.pixel_bytes = pixels.ByteLength();
  job.width = size_of(request, "width");
  job.height = size_of(request, "height");
  job.channels = size_of(request, "channels");
  const Napi::Value box = request.Get("box");
  if (!box.IsArray() || box.As<Napi::Array>().Length() != 4) {
    throw Error::argument("Resize: box must be [left, top, right, bottom].");
  }
  const std::array<float*, 4> sides{&job.left, &job.top, &job.right, &job.bottom};
  for (uint32_t i = 0; i < 4; i++) {
    *sides[i] = static_cast<float>(number_of(box.As<Napi::Object>(), std::to_string(i).c_str()));
  }
  job.target_width = size_of(request, "targetWidth");
  job.target_height = size_of(request, "targetHeight");
  job.interpolation = interpolation_of(request);
  return job;
}

Napi::Value to_js(Napi::Env env, const char* code, const std::string& sentence) {
  Napi::Error error = Napi::Error::New(env, sentence);
  error.Set("code", Napi::String::New(env, code));
  return error.Value();
}

class ResizeWorker : public Napi::AsyncWorker {
 public:
  // The request's pixels are kept, not copied: nobody may transfer them away while the promise is pending.
  ResizeWorker(Napi::Promise::Deferred deferred, const Napi::Object& request)
      : AsyncWorker(deferred.Env()),
        deferred_(deferred),
        job_(job_of(request)),
        pixels_(Napi::Persistent(request.Get("pixels").As<Napi::Object>())) {}

 protected:
  void Execute() override {
    try {
      result_ = vit::resize(job_);
    } catch (const Error& error) {
      code_ = error.code();
      SetError(error.what());
    } catch (const std::bad_alloc&) {
      code_ = "ERR_MEMORY";
      SetError("Resize: there is not enough memory for the result.");
    }
  }

  void OnOK() override {
    Napi::Uint8Array pixels = Napi::Uint8Array::New(Env(), result_.size());
    std::memcpy(pixels.Data(), result_.data(), result_.size());
    deferred_.Resolve(pixels);
  }

  void OnError(const Napi::Error& error) override { deferred_.Reject(to_js(Env(), code_, error.Message())); }

 private:
  Napi::Promise::Deferred deferred_;
  ResizeJob job_;
  Napi::ObjectReference pixels_;
  std::vector<std::uint8_t> result_;
  const char* code_ = "ERR_ARGUMENT";
};

}  // namespace

Napi::Value resize(const Napi::CallbackInfo& call) {
  const auto deferred = Napi::Promise::Deferred::New(call.Env());
  try {
    if (!call[0].IsObject()) throw Error::argument("Resize: the request must be an object.");
    (new ResizeWorker(deferred, call[0].As<Napi::Object>()))->Queue();
  } catch (const Error& error) {
    deferred.Reject(to_js(call.Env(), error.code(), error.what()));
  }
  return deferred.Promise();
}

}  // namespace vit::binding
