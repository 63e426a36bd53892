#include <cmath>

#include "binding/reader.h"
#include "binding/requests.h"
#include "limits.h"

namespace vit::binding {

namespace {

Activation read_activation(const Reader& r, const char* key) {
#define VIT_CHOICE(name) {#name, Activation::name},
  return r.choice<Activation>(key, {VIT_ACTIVATIONS(VIT_CHOICE)});
#undef VIT_CHOICE
}

Norm read_norm(const Reader& r) {
  using K = Norm::Kind;
  return {r.choice<K>("kind", {{"layer", K::layer}, {"rms", K::rms}, {"identity", K::identity}}),
          static_cast<float>(r.number("eps"))};
}

std::optional<Norm> read_optional_norm(const Reader& r, const char* key) {
  if (r.absent(key)) return std::nullopt;
  return read_norm(r.object(key));
}

Block read_block(const Reader& r) {
  using O = Block::Order;
  using M = Block::Mlp;
  Block b{};
  b.dim_in = r.integer("dimIn");
  b.dim = r.integer("dim");
  b.heads = r.integer("heads");
  b.head_dim = r.integer("headDim");
  b.scale = static_cast<float>(r.number("scale"));
  if (!std::isfinite(b.scale)) r.refuse("scale", sentence("finite"));
  b.qkv_bias = r.boolean("qkvBias");
  b.proj_bias = r.boolean("projBias");
  b.qk_norm = read_optional_norm(r, "qkNorm");
  b.attn_norm = read_optional_norm(r, "attnNorm");
  b.value_skip = r.boolean("valueSkip");
  b.attn_residual = r.boolean("attnResidual");
  b.norm = read_norm(r.object("norm"));
  b.order = r.choice<O>("order", {{"pre", O::pre},
                                  {"res-post", O::res_post},
                                  {"post", O::post},
                                  {"parallel", O::parallel},
                                  {"parallel-scaling", O::parallel_scaling}});
  b.branches = r.integer("branches");
  b.layer_scale = r.boolean("layerScale");
  b.mlp_hidden = r.integer("mlpHidden");
  b.mlp = r.choice<M>("mlp", {{"mlp", M::mlp}, {"glu", M::glu}, {"swiglu", M::swiglu}});
  b.mlp_bias = r.boolean("mlpBias");
  b.mlp_norm = read_optional_norm(r, "mlpNorm");
  b.activation = read_activation(r, "activation");
  if (!r.absent("performer")) b.performer = PerformerSize{r.object("performer").integer("features")};
  return b;
}

Tokenizer read_tokenizer(const Reader& r) {
  using K = Tokenizer::Kind;
  Tokenizer t{};
  t.kind = r.choice<K>("kind", {{"patch", K::patch}, {"soft-split", K::soft_split}});
  t.bias = r.boolean("bias");
  if (t.kind == K::patch) {
    t.norm = read_optional_norm(r, "norm");
    std::tie(t.patch_height, t.patch_width) = r.pair("patch");
    return t;
  }
  const Napi::Array splits = r.array("splits"), stages = r.array("stages");
  for (const Napi::Array& list : {splits, stages})
    if (list.Length() > limits::splits) r.refuse("splits", sentence("a list of at most {0}", limits::splits));
  for (uint32_t i = 0; i < splits.Length(); i++) {
    const Reader split = Reader::of(splits.Get(i), r.path("splits[" + std::to_string(i) + "]"), "ERR_ARCHITECTURE");
    t.splits.push_back({split.integer("kernel"), split.integer("stride"), split.integer("padding")});
  }
  for (uint32_t i = 0; i < stages.Length(); i++)
    t.stages.push_back(
        read_block(Reader::of(stages.Get(i), r.path("stages[" + std::to_string(i) + "]"), "ERR_ARCHITECTURE")));
  return t;
}

Position read_position(const Reader& r) {
  using K = Position::Kind;
  using C = Position::Covers;
  Position p{};
  p.kind = r.choice<K>(
      "kind", {{"none", K::none}, {"learned", K::learned}, {"sinusoid", K::sinusoid}, {"sinusoid-2d", K::sinusoid_2d}});
  if (p.kind == K::none) return p;
  p.covers = r.choice<C>("covers", {{"all", C::all}, {"class", C::class_token}, {"patches", C::patches}});
  const auto [rows, columns] = r.pair("grid");
  p.grid = {rows, columns};
  p.resample = r.choice<Resample>("resample", {{"bicubic-antialias", Resample::bicubic_antialias},
                                               {"bicubic", Resample::bicubic},
                                               {"bilinear-antialias", Resample::bilinear_antialias}});
  p.each_block = !r.absent("eachBlock") && r.boolean("eachBlock");
  return p;
}

Rotary read_rotary(const Reader& r) {
  Rotary rotary{};
  rotary.frequencies = r.choice<Rotary::Frequencies>(
      "frequencies", {{"axial", Rotary::Frequencies::axial}, {"mixed", Rotary::Frequencies::mixed}});
  rotary.theta = r.number("theta");
  rotary.column_first = r.choice<bool>("first", {{"row", false}, {"column", true}});
  rotary.coordinates = r.choice<Rotary::Coordinates>(
      "coordinates", {{"index", Rotary::Coordinates::index}, {"centre", Rotary::Coordinates::centre}});
  rotary.offset = r.number("offset");
  if (!r.absent("reference")) {
    const auto [rows, columns] = r.pair("reference");
    rotary.reference = Grid{rows, columns};
  }
  rotary.pairs =
      r.choice<Rotary::Pairs>("pairs", {{"neighbours", Rotary::Pairs::neighbours}, {"halves", Rotary::Pairs::halves}});
  rotary.prefix = r.boolean("prefix");
  return rotary;
}

RelativeBias read_relative_bias(const Reader& r) {
  using D = BiasNetwork::Distances;
  RelativeBias bias{};
  const int tables = r.choice<int>("tables", {{"block", 1}, {"shared", 2}, {"both", 3}});
  bias.per_block = (tables & 1) != 0;
  bias.shared = (tables & 2) != 0;
  if (!r.absent("network")) {
    const Reader network = r.object("network");
    bias.network =
        BiasNetwork{network.integer("hidden"), network.choice<D>("distances", {{"cr", D::cr}, {"swin", D::swin}})};
  }
  const auto [rows, columns] = r.pair("grid");
  bias.grid = {rows, columns};
  bias.class_entries = r.boolean("classEntries");
  bias.resample = r.choice<RelativeBias::Resample>(
      "resample", {{"bilinear", RelativeBias::Resample::bilinear}, {"geometric", RelativeBias::Resample::geometric}});
  return bias;
}

}  // namespace

Block read_block(const Napi::Value& value) { return read_block(Reader::of(value, "block", "ERR_ARCHITECTURE")); }

Architecture read_architecture(const Napi::Value& value) {
  const Reader r = Reader::of(value, "architecture", "ERR_ARCHITECTURE");
  Architecture a{};
  const Reader image = r.object("image");
  a.channels = image.integer("channels");
  a.height = image.integer("height");
  a.width = image.integer("width");
  a.tokenizer = read_tokenizer(r.object("tokenizer"));
  a.dim = r.integer("dim");
  a.depth = r.integer("depth");
  a.block = read_block(r.object("block"));
  const Reader prefix = r.object("prefix");
  a.prefix = {prefix.boolean("class"), prefix.boolean("distillation"), prefix.integer("registers"),
              prefix.absent("detection") ? 0 : prefix.integer("detection")};
  a.position = read_position(r.object("position"));
  if (!r.absent("rotary")) a.rotary = read_rotary(r.object("rotary"));
  if (!r.absent("relativeBias")) a.relative_bias = read_relative_bias(r.object("relativeBias"));
  a.pre_norm = read_optional_norm(r, "preNorm");
  a.final_norm = read_optional_norm(r, "finalNorm");
  a.pool = r.choice<Pool>("pool", {{"token", Pool::token},
                                   {"avg", Pool::avg},
                                   {"max", Pool::max},
                                   {"avgmax", Pool::avgmax},
                                   {"distilled", Pool::distilled},
                                   {"class-avg", Pool::class_avg},
                                   {"map", Pool::map},
                                   {"none", Pool::none}});
  a.pool_includes_prefix = r.boolean("poolIncludesPrefix");
  a.fc_norm = read_optional_norm(r, "fcNorm");
  if (!r.absent("mapPool")) {
    const Reader map = r.object("mapPool");
    a.map_pool = MapPool{map.integer("heads"),
                         map.absent("query") || map.boolean("query"),
                         map.absent("kvBias") || map.boolean("kvBias"),
                         map.integer("mlpHidden"),
                         read_activation(map, "activation"),
                         static_cast<float>(map.number("eps"))};
  }
  if (!r.absent("projection")) {
    const Reader projection = r.object("projection");
    a.projection = Projection{projection.integer("length"), projection.boolean("bias"), std::nullopt};
    if (!projection.absent("activation")) a.projection->activation = read_activation(projection, "activation");
  }
  a.classes = r.integer("classes");
  a.head_bias = r.boolean("headBias");
  return a;
}

}  // namespace vit::binding
