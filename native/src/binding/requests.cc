#include "binding/requests.h"

#include "binding/cancel_token.h"
#include "binding/reader.h"
#include "limits.h"
#include "memory/limit.h"

namespace vit::binding {

namespace {

constexpr const char* kArgument = "ERR_ARGUMENT";

Napi::Float32Array float_array(const Napi::Value& value, const std::string& name) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_float32_array)
    throw Error::argument(sentence("{0} must be {1}.", name, sentence("a {0}", "Float32Array")));
  return value.As<Napi::Float32Array>();
}

/** `shape` of an object, every size at least `least`. */
Shape read_shape(const Reader& r, int64_t least) {
  const Napi::Array sizes = r.array("shape");
  if (sizes.Length() > limits::tensorAxes)
    r.refuse("shape", sentence("an array of at most {0} sizes", limits::tensorAxes));
  Shape shape;
  for (uint32_t i = 0; i < sizes.Length(); i++) {
    const Napi::Value size = sizes.Get(i);
    const double d = size.IsNumber() ? size.As<Napi::Number>().DoubleValue() : -1;
    if (!(d >= static_cast<double>(least) && d <= static_cast<double>(limits::tensorValues) &&
          d == static_cast<double>(static_cast<int64_t>(d))))
      r.refuse("shape", sentence("an array of sizes from {0}", least));
    shape.push_back(static_cast<int64_t>(d));
  }
  if (elements(shape) > limits::tensorValues) r.refuse("shape", sentence("of a size that fits in memory"));
  return shape;
}

Stored read_dtype(const Reader& r) {
  return r.choice<Stored>("dtype", {{"F32", Stored::f32}, {"F16", Stored::f16}, {"BF16", Stored::bf16}});
}

TensorSource read_tensor(const Napi::Value& value, const std::string& name) {
  const Reader r = Reader::of(value, "tensors['" + name + "']", "ERR_TENSOR");
  TensorSource source;
  source.dtype = read_dtype(r);
  source.shape = read_shape(r, 0);
  if (!r.absent("values")) {
    if (source.dtype != Stored::f32) r.refuse("dtype", sentence("F32 when values are given"));
    source.values = floats_argument(r.value("values"), r.path("values"));
    return source;
  }
  if (!r.absent("axes")) {
    const Napi::Array axes = r.array("axes");
    if (axes.Length() != source.shape.size()) r.refuse("axes", sentence("as many numbers as the shape has"));
    for (uint32_t i = 0; i < axes.Length(); i++) {
      const Napi::Value axis = axes.Get(i);
      const double d = axis.IsNumber() ? axis.As<Napi::Number>().DoubleValue() : -1;
      if (!(d >= 0 && d < axes.Length() && d == static_cast<double>(static_cast<int64_t>(d))))
        r.refuse("axes", sentence("an array of axes"));
      source.axes.push_back(static_cast<int64_t>(d));
    }
  }
  const Napi::Array parts = r.array("parts");
  for (uint32_t i = 0; i < parts.Length(); i++) {
    const Reader part = Reader::of(parts.Get(i), r.path("parts[" + std::to_string(i) + "]"), "ERR_TENSOR");
    if (!part.absent("zeros")) {
      source.parts.push_back({"", 0, part.integer("zeros")});
      continue;
    }
    source.parts.push_back({part.text("file"), part.integer("begin"), part.integer("end")});
  }
  return source;
}

int64_t read_memory_limit(const Reader& r) {
  if (r.absent("memoryLimit")) return default_memory_limit();
  const int64_t bytes = r.integer("memoryLimit");
  if (bytes < 1) r.refuse("memoryLimit", sentence("a number of bytes from 1"));
  return bytes;
}

Napi::Uint8Array byte_array(const Napi::Value& value, const std::string& name) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array)
    throw Error::argument(sentence("{0} must be {1}.", name, sentence("a {0}", "Uint8Array")));
  return value.As<Napi::Uint8Array>();
}

}  // namespace

StoredValues read_stored_values(const Napi::Value& value) {
  const Reader r = Reader::of(value, "values", "ERR_ARGUMENT");
  return {byte_array(r.value("bytes"), r.path("bytes")), read_dtype(r)};
}

Floats floats_argument(const Napi::Value& value, const std::string& name) {
  const auto array = float_array(value, name);
  return Floats(array.Data(), array.Data() + array.ElementLength());
}

std::vector<uint8_t> bytes_argument(const Napi::Value& value, const std::string& name) {
  const auto array = byte_array(value, name);
  return {array.Data(), array.Data() + array.ElementLength()};
}

Floats input_argument(const Napi::Value& value, Model& model) {
  const auto array = float_array(value, "input");
  Floats input = model.input_buffer(static_cast<int64_t>(array.ElementLength()));
  std::copy_n(array.Data(), array.ElementLength(), input.data());
  return input;
}

int64_t integer_argument(const Napi::CallbackInfo& call, size_t index, const char* name) {
  const Napi::Value value = call[index];
  if (value.IsNumber()) {
    const double d = value.As<Napi::Number>().DoubleValue();
    if (d >= -9007199254740991.0 && d <= 9007199254740991.0 && d == static_cast<double>(static_cast<int64_t>(d)))
      return static_cast<int64_t>(d);
  }
  throw Error::argument(sentence("{0} must be {1}.", name, sentence("a whole number")));
}

void read_weights(const Napi::Value& value, TensorSources& sources, std::optional<uint64_t>& seed) {
  const Reader weights = Reader::of(value, "weights", kArgument);
  if (!weights.absent("seed")) {
    seed = static_cast<uint64_t>(weights.integer("seed"));
    return;
  }
  const Reader tensors = weights.object("tensors");
  const Napi::Array names = tensors.object().GetPropertyNames();
  for (uint32_t i = 0; i < names.Length(); i++) {
    const std::string name = names.Get(i).As<Napi::String>().Utf8Value();
    sources.emplace(name, read_tensor(tensors.object().Get(name), name));
  }
}

PartRequest read_part_request(const Napi::Value& value) {
  using K = Part::Kind;
  const Reader r = Reader::of(value, "request", kArgument);
  PartRequest request{};
  const Reader part = r.object("part");
  request.part.kind = part.choice<K>("kind", {{"soft-split", K::soft_split},
                                              {"attention", K::attention},
                                              {"neural-net", K::neural_net},
                                              {"encoding", K::encoding},
                                              {"tokenization", K::tokenization},
                                              {"token-processing", K::token_processing},
                                              {"prediction-processing", K::prediction_processing},
                                              {"backbone", K::backbone}});
  switch (request.part.kind) {
    case K::soft_split: {
      const Reader split = part.object("split");
      request.part.split = {split.integer("kernel"), split.integer("stride"), split.integer("padding")};
      break;
    }
    case K::attention:
    case K::neural_net:
    case K::encoding:
      request.part.block = read_block(part.value("block"));
      break;
    default:
      request.part.architecture = read_architecture(part.value("architecture"));
  }
  read_weights(r.value("weights"), request.tensors, request.seed);
  request.input = floats_argument(r.value("input"), "request.input");
  request.shape = read_shape(r, 1);
  request.memory_limit = read_memory_limit(r);
  return request;
}

LoadRequest read_load_request(const Napi::Value& value) {
  const Reader r = Reader::of(value, "request", kArgument);
  LoadRequest request{};
  request.architecture = read_architecture(r.value("architecture"));
  read_weights(r.value("weights"), request.tensors, request.seed);
  request.gemm = r.choice<Gemm>("gemm", {{"packed", Gemm::packed}, {"blas", Gemm::blas}, {"naive", Gemm::naive}});
  request.precision = r.choice<Precision>(
      "precision",
      {{"fp32", Precision::fp32}, {"stored", Precision::stored}, {"bf16", Precision::bf16}, {"int8", Precision::int8}});
  const int64_t threads = r.integer("threads");
  if (threads < 0 || threads > limits::threads)
    r.refuse("threads", sentence("between {0} and {1}", 0, limits::threads));
  request.threads = static_cast<int>(threads);
  request.memory_limit = read_memory_limit(r);
  if (!r.absent("cancel")) request.cancel = CancelToken::flag_of(r.value("cancel"));
  return request;
}

ForwardOptions read_forward_options(const Napi::Value& value) {
  const Reader r = Reader::of(value, "options", kArgument);
  ForwardOptions options;
  options.attention = r.boolean("attention");
  options.tokens = r.boolean("tokens");
  options.profile = !r.absent("profile") && r.boolean("profile");
  if (!r.absent("cancel")) options.cancel = CancelToken::flag_of(r.value("cancel"));
  if (!r.absent("maskedPatches")) {
    const Napi::Value masked = r.value("maskedPatches");
    if (!masked.IsTypedArray() || masked.As<Napi::TypedArray>().TypedArrayType() != napi_uint32_array)
      r.refuse("maskedPatches", sentence("a {0}", "Uint32Array"));
    const auto array = masked.As<Napi::Uint32Array>();
    options.masked_patches.assign(array.Data(), array.Data() + array.ElementLength());
  }
  return options;
}

RolloutOptions read_rollout_options(const Napi::Value& value) {
  const Reader r = Reader::of(value, "options", kArgument);
  return {
      r.integer("query"), r.integer("from"), r.integer("to"),
      r.choice<HeadFusion>("fusion", {{"mean", HeadFusion::mean}, {"max", HeadFusion::max}, {"min", HeadFusion::min}}),
      r.number("discardRatio")};
}

}  // namespace vit::binding
