#include "binding/functions.h"

#include <algorithm>

#include "binding/addon.h"
#include "binding/model_object.h"
#include "binding/requests.h"
#include "inspect/values.h"
#include "limits.h"
#include "linalg/cpu.h"
#include "memory/limit.h"
#include "products/peak.h"
#include "vit/position_embedding.h"
#if defined(VIT_PACKED)
#include "packed/kernels.h"
#endif

namespace vit::binding {

Napi::Value info(const Napi::CallbackInfo& call) {
  const Napi::Env env = call.Env();
  return guarded(env, [&] {
    Napi::Object result = Napi::Object::New(env);
    const auto features = cpu_features();
    Napi::Array list = Napi::Array::New(env, features.size());
    for (uint32_t i = 0; i < features.size(); i++) list.Set(i, features[i]);
    result.Set("blas", blas_name());
    result.Set("features", list);
#if defined(VIT_PACKED)
    result.Set("kernels", packed::kernels().name);
    result.Set("bf16", packed::kernels().pairs);
#else
    result.Set("kernels", "blas");
    result.Set("bf16", false);
#endif
    result.Set("cores", physical_cores());
    return result;
  });
}

Napi::Value load(const Napi::CallbackInfo& call) {
  const Napi::Env env = call.Env();
  return guarded(env, [&] {
    auto request = std::make_shared<LoadRequest>(read_load_request(call[0]));
    auto architecture = std::make_shared<Napi::ObjectReference>(
        Napi::Persistent(call[0].As<Napi::Object>().Get("architecture").As<Napi::Object>()));
    // Not in the queue of forward passes: a model may load while another computes.
    return Task::start(env, [request, architecture]() -> Task::Convert {
      auto model = Model::load(std::move(*request));
      return [model, architecture](Napi::Env env) { return ModelObject::create(env, model, architecture->Value()); };
    });
  });
}

Napi::Value describe_steps(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] {
    const Architecture architecture = read_architecture(call[0]);
    architecture.check();
    return to_js(call.Env(), list_steps(architecture));
  });
}

Napi::Value run_part(const Napi::CallbackInfo& call) {
  const Napi::Env env = call.Env();
  return guarded(env, [&] {
    auto request = std::make_shared<PartRequest>(read_part_request(call[0]));
    return Task::start(
        env,
        [request]() -> Task::Convert {
          auto steps = std::make_shared<std::vector<TracedStep>>(vit::run_part(std::move(*request)));
          return [steps](Napi::Env env) {
            Napi::Array list = Napi::Array::New(env, steps->size());
            for (uint32_t i = 0; i < steps->size(); i++) {
              Napi::Object step = to_js(env, (*steps)[i].tensor);
              step.Set("name", (*steps)[i].name);
              list.Set(i, step);
            }
            return list;
          };
        },
        &Addon::of(env).queue);
  });
}

Napi::Value cancel_token(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&]() -> Napi::Value { return Addon::of(call.Env()).cancel_token.New({}); });
}

namespace {

/** A size that, multiplied with another, stays far from what an allocation can be. */
int64_t size_argument(const Napi::CallbackInfo& call, size_t index, const char* name) {
  const int64_t n = integer_argument(call, index, name);
  if (n < 1 || n > limits::tokens)
    throw Error::argument(sentence("{0} must be {1}.", name, sentence("between {0} and {1}", 1, limits::tokens)));
  return n;
}

Grid grid_argument(const Napi::Value& value, const char* name) {
  if (value.IsArray() && value.As<Napi::Array>().Length() == 2) {
    const auto pair = value.As<Napi::Array>();
    const Napi::Value rows = pair.Get(0u), columns = pair.Get(1u);
    if (rows.IsNumber() && columns.IsNumber()) {
      const Grid grid{rows.As<Napi::Number>().Int64Value(), columns.As<Napi::Number>().Int64Value()};
      if (grid.rows > 0 && grid.columns > 0 && grid.rows <= limits::side && grid.columns <= limits::side) return grid;
    }
  }
  throw Error::argument(sentence("{0} must be {1}.", name, sentence("[rows, columns], each at least 1")));
}

void check_table_memory(double bytes) {
  check_memory(bytes, default_memory_limit(), [](auto needed, auto limit) {
    return sentence("This table needs {0} of memory; the limit is {1}.", needed, limit);
  });
}

}  // namespace

Napi::Value sinusoid(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] {
    const int64_t tokens = size_argument(call, 0, "tokens"), length = size_argument(call, 1, "length");
    check_table_memory(4.0 * static_cast<double>(product({tokens, length})));
    return to_js(call.Env(), sinusoid_table(tokens, length));
  });
}

Napi::Value summarise(const Napi::CallbackInfo& call) {
  const Napi::Env env = call.Env();
  return guarded(env, [&] {
    const StoredValues values = read_stored_values(call[0]);
    const auto count = static_cast<int64_t>(values.bytes.ElementLength()) / (values.stored == Stored::f32 ? 4 : 2);
    const ValueSummary summary = vit::summarise(values.stored, values.bytes.Data(), count);
    Napi::Object result = Napi::Object::New(env);
    result.Set("count", static_cast<double>(summary.count));
    result.Set("notFinite", static_cast<double>(summary.not_finite));
    result.Set("firstNotFinite", static_cast<double>(summary.first_not_finite));
    result.Set("zeros", static_cast<double>(summary.zeros));
    result.Set("least", summary.least);
    result.Set("most", summary.most);
    result.Set("squares", summary.squares);
    return result;
  });
}

Napi::Value resample_positions(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] {
    const Floats values = floats_argument(call[0], "values");
    const Grid from = grid_argument(call[1], "from"), to = grid_argument(call[2], "to");
    const std::string mode = call[3].IsString() ? call[3].As<Napi::String>().Utf8Value() : "";
    if (mode != "bicubic" && mode != "bicubic-antialias")
      throw Error::argument(sentence("{0} must be {1}.", "mode", sentence("one of {0}", "bicubic, bicubic-antialias")));
    const auto count = static_cast<int64_t>(values.size());
    if (count == 0 || count % from.count() != 0)
      throw Error::argument(sentence("values has {0} entries, which is no multiple of the {1} positions of its grid.",
                                     count, from.count()));
    const double length = static_cast<double>(count / from.count()), rows = static_cast<double>(from.rows),
                 columns = static_cast<double>(to.columns);
    check_table_memory(length * columns * (8 * rows + 8 * static_cast<double>(to.rows)));
    return to_js(call.Env(),
                 vit::resample_positions(values.data(), count / from.count(), from, to,
                                         mode == "bicubic" ? Resample::bicubic : Resample::bicubic_antialias));
  });
}

Napi::Value measure_peak(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] {
    const int64_t threads = integer_argument(call, 0, "threads");
    if (threads < 1 || threads > limits::threads)
      throw Error::argument(
          sentence("{0} must be {1}.", "threads", sentence("between {0} and {1}", 1, limits::threads)));
    return Task::start(
        call.Env(),
        [threads]() -> Task::Convert {
          const double peak = vit::measure_peak(static_cast<int>(threads));
          return [peak](Napi::Env env) { return Napi::Number::New(env, peak); };
        },
        &Addon::of(call.Env()).queue);
  });
}

}  // namespace vit::binding
