#pragma once

#include <map>
#include <string>
#include <vector>

#include "linalg/linear.h"
#include "memory/tensor.h"

namespace vit {

/** Where one canonical tensor comes from: byte ranges of files in order, or values handed over. */
struct TensorSource {
  struct Part {
    std::string file;
    int64_t begin, end;
  };
  Stored dtype = Stored::f32;
  Shape shape;
  std::vector<Part> parts;
  Floats values;  // used when parts is empty
};

using TensorSources = std::map<std::string, TensorSource>;

}  // namespace vit
