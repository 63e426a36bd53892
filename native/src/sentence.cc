#include "sentence.h"

#include <cctype>

namespace vit {

namespace {

std::string english_of(const Argument& argument) {
  if (const auto* text = std::get_if<std::string>(&argument.value)) return *text;
  if (const auto* number = std::get_if<int64_t>(&argument.value)) return std::to_string(*number);
  std::string clause = std::get<Sentence>(argument.value).english();
  if (!clause.empty() && clause.back() == '.') clause.pop_back();
  return clause;
}

}  // namespace

std::string Sentence::english() const {
  std::string filled;
  for (size_t i = 0; i < text.size(); i++) {
    // A place is {digit}: no sentence has ten arguments.
    const bool place = text[i] == '{' && i + 2 < text.size() && std::isdigit(static_cast<unsigned char>(text[i + 1])) &&
                       text[i + 2] == '}';
    const size_t index = place ? static_cast<size_t>(text[i + 1] - '0') : arguments.size();
    if (index < arguments.size()) {
      filled += english_of(arguments[index]);
      i += 2;
    } else {
      filled += text[i];
    }
  }
  return filled;
}

}  // namespace vit
