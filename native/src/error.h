#pragma once

#include <stdexcept>
#include <utility>

#include "sentence.h"

namespace vit {

/** A refusal with one of binding.d.ts's ErrorCode values and one sentence for a person; `what()` is it in English. */
class Error : public std::runtime_error {
 public:
  Error(const char* code, Sentence said) : std::runtime_error(said.english()), code_(code), said_(std::move(said)) {}
  const char* code() const { return code_; }
  const Sentence& said() const { return said_; }

  static Error cancelled() { return {"ERR_CANCELLED", sentence("This was cancelled.")}; }
  static Error file(Sentence said) { return {"ERR_FILE", std::move(said)}; }
  static Error tensor(Sentence said) { return {"ERR_TENSOR", std::move(said)}; }
  static Error architecture(Sentence said) { return {"ERR_ARCHITECTURE", std::move(said)}; }
  static Error memory(Sentence said) { return {"ERR_MEMORY", std::move(said)}; }
  static Error argument(Sentence said) { return {"ERR_ARGUMENT", std::move(said)}; }

 private:
  const char* code_;
  Sentence said_;
};

/** What a person is told of any exception, and its ErrorCode. */
struct Failure {
  std::string code;
  Sentence said;
};

/** Of the exception being handled, of whatever type it is; call it in a catch block. */
Failure failure_in_flight();

}  // namespace vit
