#pragma once

#include <stdexcept>
#include <string>

namespace vit {

/** A refusal with one of binding.d.ts's ErrorCode values; `what()` is one sentence for a person. */
class Error : public std::runtime_error {
 public:
  Error(const char* code, const std::string& sentence) : std::runtime_error(sentence), code_(code) {}
  const char* code() const { return code_; }

  static Error cancelled() { return {"ERR_CANCELLED", "The forward pass was cancelled."}; }
  static Error file(const std::string& sentence) { return {"ERR_FILE", sentence}; }
  static Error tensor(const std::string& sentence) { return {"ERR_TENSOR", sentence}; }
  static Error architecture(const std::string& sentence) { return {"ERR_ARCHITECTURE", sentence}; }
  static Error memory(const std::string& sentence) { return {"ERR_MEMORY", sentence}; }
  static Error argument(const std::string& sentence) { return {"ERR_ARGUMENT", sentence}; }

 private:
  const char* code_;
};

/** What a person is told of any exception, and its ErrorCode. */
struct Failure {
  std::string code, sentence;
};

/** Of the exception being handled, of whatever type it is; call it in a catch block. */
Failure failure_in_flight();

}  // namespace vit
