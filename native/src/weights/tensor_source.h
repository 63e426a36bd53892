#pragma once

#include <map>
#include <string>
#include <vector>

#include "linalg/linear.h"
#include "memory/tensor.h"

namespace vit {

/** Where one canonical tensor comes from: byte ranges of files in order, or values handed over. `axes` as binding.d.ts
 * says. */
struct TensorSource {
  struct Part {
    std::string file;  // empty: zeros
    int64_t begin, end;
  };
  Stored dtype = Stored::f32;
  Shape shape;  // as stored
  std::vector<Part> parts;
  Floats values;              // used when parts is empty
  std::vector<int64_t> axes;  // empty: as stored
};

using TensorSources = std::map<std::string, TensorSource>;

}  // namespace vit
