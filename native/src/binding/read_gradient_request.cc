#include <cmath>

#include "binding/cancel_token.h"
#include "binding/reader.h"
#include "binding/requests.h"
#include "limits.h"

namespace vit::binding {

namespace {

Target read_target(const Napi::Value& value, const std::string& path) {
  if (!value.IsArray())
    throw Error::argument(sentence("{0} must be {1}.", path, sentence("an array of {index, weight}")));
  const auto terms = value.As<Napi::Array>();
  if (terms.Length() > limits::classes)
    throw Error::argument(
        sentence("{0} must be {1}.", path, sentence("an array of at most {0} terms", limits::classes)));
  Target target;
  for (uint32_t i = 0; i < terms.Length(); i++) {
    const Reader term = Reader::of(terms.Get(i), path + "[" + std::to_string(i) + "]", "ERR_ARGUMENT");
    const double weight = term.number("weight");
    if (!std::isfinite(weight)) term.refuse("weight", sentence("a finite number"));
    target.push_back({term.integer("index"), static_cast<float>(weight)});
  }
  return target;
}

/** Layers of the request, or none. */
std::vector<int64_t> read_layers(const Reader& r, const char* key) {
  std::vector<int64_t> layers;
  if (r.absent(key)) return layers;
  const Napi::Array values = r.array(key);
  if (values.Length() > limits::depth + 1) r.refuse(key, sentence("an array of layers"));
  for (uint32_t i = 0; i < values.Length(); i++) {
    const Napi::Value value = values.Get(i);
    const double d = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
    if (!(d >= 0 && d <= static_cast<double>(limits::depth) && d == std::floor(d)))
      r.refuse(key, sentence("an array of layers"));
    layers.push_back(static_cast<int64_t>(d));
  }
  return layers;
}

}  // namespace

GradientRequest read_gradient_request(const Napi::Value& value) {
  const Reader r = Reader::of(value, "request", "ERR_ARGUMENT");
  const auto flag = [&](const char* key) { return !r.absent(key) && r.boolean(key); };
  GradientRequest request;
  const Napi::Array targets = r.array("targets");
  if (targets.Length() > limits::batch) r.refuse("targets", sentence("an array with a target for each image"));
  for (uint32_t i = 0; i < targets.Length(); i++)
    request.targets.push_back(read_target(targets.Get(i), r.path("targets[" + std::to_string(i) + "]")));
  request.attention = read_layers(r, "attention");
  request.tokens = read_layers(r, "tokens");
  request.input = flag("input");
  request.relevance = flag("relevance");
  request.grad_cam = flag("gradCam");
  if (!r.absent("cancel")) request.cancel = CancelToken::flag_of(r.value("cancel"));
  return request;
}

}  // namespace vit::binding
