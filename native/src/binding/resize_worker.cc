#include "resize_worker.h"

#include <array>
#include <cmath>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "binding/async.h"
#include "image/resize.h"
#include "limits.h"

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
  if (!value.IsNumber()) throw Error::argument(sentence("Resize: {0} must be {1}.", name, sentence("a number")));
  return value.As<Napi::Number>().DoubleValue();
}

int size_of(const Napi::Object& request, const char* name, int64_t most) {
  const double value = number_of(request, name);
  if (!(value >= 1 && value <= static_cast<double>(most)) || value != std::floor(value)) {
    throw Error::argument(
        sentence("Resize: {0} must be {1}.", name, sentence("a whole number from {0} to {1}", 1, most)));
  }
  return static_cast<int>(value);
}

Interpolation interpolation_of(const Napi::Object& request) {
  const Napi::Value value = request.Get("interpolation");
  const std::string name = value.IsString() ? value.As<Napi::String>().Utf8Value() : "";
  for (const auto& [known, interpolation] : kInterpolations) {
    if (name == known) return interpolation;
  }
  throw Error::argument(sentence("Resize: {0} must be {1}.", "interpolation",
                                 sentence("nearest, box, bilinear, hamming, bicubic or lanczos")));
}

Napi::Uint8Array pixels_of(const Napi::Object& request) {
  const Napi::Value value = request.Get("pixels");
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    throw Error::argument(sentence("Resize: {0} must be {1}.", "pixels", sentence("a {0}", "Uint8Array")));
  }
  return value.As<Napi::Uint8Array>();
}

ResizeJob job_of(const Napi::Object& request) {
  ResizeJob job;
  const Napi::Uint8Array pixels = pixels_of(request);
  job.pixels = pixels.Data();
  job.pixel_bytes = pixels.ByteLength();
  job.width = size_of(request, "width", 1 << 24);
  job.height = size_of(request, "height", 1 << 24);
  job.channels = size_of(request, "channels", 1 << 24);
  const Napi::Value box = request.Get("box");
  if (!box.IsArray() || box.As<Napi::Array>().Length() != 4) {
    throw Error::argument(sentence("Resize: {0} must be {1}.", "box", "[left, top, right, bottom]"));
  }
  const std::array<float*, 4> sides{&job.left, &job.top, &job.right, &job.bottom};
  for (uint32_t i = 0; i < 4; i++) {
    *sides[i] = static_cast<float>(number_of(box.As<Napi::Object>(), std::to_string(i).c_str()));
  }
  job.target_width = size_of(request, "targetWidth", limits::side);
  job.target_height = size_of(request, "targetHeight", limits::side);
  job.interpolation = interpolation_of(request);
  return job;
}

}  // namespace

Napi::Value resize(const Napi::CallbackInfo& call) {
  const Napi::Env env = call.Env();
  try {
    if (!call[0].IsObject())
      throw Error::argument(sentence("Resize: {0} must be {1}.", "request", sentence("an object")));
    const Napi::Object request = call[0].As<Napi::Object>();
    // The pixels are kept, not copied: nobody may transfer them away while the promise is pending.
    auto pixels = std::make_shared<Napi::ObjectReference>(Napi::Persistent(pixels_of(request).As<Napi::Object>()));
    return Task::start(env, [job = job_of(request), pixels]() -> Task::Convert {
      auto result = std::make_shared<std::vector<std::uint8_t>>(vit::resize(job));
      return [result](Napi::Env env) {
        Napi::Uint8Array made = Napi::Uint8Array::New(env, result->size());
        std::memcpy(made.Data(), result->data(), result->size());
        return made;
      };
    });
  } catch (const Napi::Error&) {
    throw;
  } catch (...) {
    const auto deferred = Napi::Promise::Deferred::New(env);
    deferred.Reject(to_js_error(env, failure_in_flight()).Value());
    return deferred.Promise();
  }
}

}  // namespace vit::binding
