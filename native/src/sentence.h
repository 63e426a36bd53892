#pragma once

#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace vit {

struct Argument;

/**
 * What a person reads, before it is in a language: extension/errors/sentence.ts. The English template is the key of its
 * translations (l10n/); the arguments go into its places {0}, {1}.
 */
struct Sentence {
  std::string text;  // the template
  std::vector<Argument> arguments;

  /** In English. A sentence as an argument loses its full stop: it is a clause of this one. */
  std::string english() const;
};

/** A name or other text from outside, a whole number, or a clause. */
struct Argument {
  std::variant<std::string, int64_t, Sentence> value;

  Argument(std::string text) : value(std::move(text)) {}
  Argument(const char* text) : value(std::string(text)) {}
  Argument(Sentence clause) : value(std::move(clause)) {}
  template <class Whole, class = std::enable_if_t<std::is_integral_v<Whole>>>
  Argument(Whole number) : value(static_cast<int64_t>(number)) {}
};

/**
 * sentence("The tensor {0} is missing.", name). The template is one literal, which scripts/l10n.mjs finds for
 * translation; what varies in its wording is a template of its own.
 */
template <class... Arguments>
Sentence sentence(const char* text, Arguments&&... arguments) {
  return {text, {Argument(std::forward<Arguments>(arguments))...}};
}

}  // namespace vit
