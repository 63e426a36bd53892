#pragma once

#include <cstdint>

#include "sentence.h"

namespace vit {

struct Grid {
  int64_t rows, columns;
  int64_t count() const { return rows * columns; }
  bool operator==(const Grid& o) const { return rows == o.rows && columns == o.columns; }
  bool operator!=(const Grid& o) const { return !(*this == o); }
};

struct SoftSplit {
  int64_t kernel, stride, padding;

  /** Throws ERR_ARCHITECTURE in one sentence that begins with `where`. */
  void check(const Sentence& where) const;
};

/** Tokens down and across that a soft split makes of (rows, columns): floor((size + 2p - (k - 1) - 1) / s + 1), the
 * articles' count_tokens. */
Grid count_tokens(Grid image, const SoftSplit& split);

}  // namespace vit
