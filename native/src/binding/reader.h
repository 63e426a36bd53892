#pragma once

#include <napi.h>

#include <initializer_list>
#include <string>
#include <utility>

#include "error.h"

namespace vit::binding {

/** A JavaScript object being read into a plain struct; a wrong field throws with its path and what was expected. */
class Reader {
 public:
  Reader(Napi::Object object, std::string path, const char* code)
      : object_(object), path_(std::move(path)), code_(code) {}

  /** The argument as an object. */
  static Reader of(const Napi::Value& value, const std::string& path, const char* code) {
    if (!value.IsObject()) throw Error(code, sentence("{0} must be {1}.", path, sentence("an object")));
    return {value.As<Napi::Object>(), path, code};
  }

  Napi::Value value(const char* key) const { return object_.Get(key); }
  Napi::Object object() const { return object_; }
  std::string path(const std::string& key) const { return path_ + "." + key; }
  bool absent(const char* key) const { return value(key).IsNull() || value(key).IsUndefined(); }

  Reader object(const char* key) const { return of(value(key), path(key), code_); }

  double number(const char* key) const {
    const Napi::Value v = value(key);
    if (!v.IsNumber()) refuse(key, sentence("a number"));
    return v.As<Napi::Number>().DoubleValue();
  }

  int64_t integer(const char* key) const { return whole(value(key), path(key)); }

  bool boolean(const char* key) const {
    const Napi::Value v = value(key);
    if (!v.IsBoolean()) refuse(key, sentence("true or false"));
    return v.As<Napi::Boolean>().Value();
  }

  std::string text(const char* key) const {
    const Napi::Value v = value(key);
    if (!v.IsString()) refuse(key, sentence("a string"));
    return v.As<Napi::String>().Utf8Value();
  }

  Napi::Array array(const char* key) const {
    const Napi::Value v = value(key);
    if (!v.IsArray()) refuse(key, sentence("an array"));
    return v.As<Napi::Array>();
  }

  /** An array of two whole numbers. */
  std::pair<int64_t, int64_t> pair(const char* key) const {
    const Napi::Array v = array(key);
    if (v.Length() != 2) refuse(key, sentence("an array of two numbers"));
    return {whole(v.Get(0u), path(key)), whole(v.Get(1u), path(key))};
  }

  /** One of the given words. */
  template <class T>
  T choice(const char* key, std::initializer_list<std::pair<const char*, T>> words) const {
    const std::string given = text(key);
    std::string all;
    for (const auto& [word, meaning] : words) {
      if (given == word) return meaning;
      all += (all.empty() ? "" : ", ") + std::string(word);
    }
    refuse(key, sentence("one of {0}", all));
  }

  [[noreturn]] void refuse(const char* key, const Sentence& expected) const {
    throw Error(code_, sentence("{0} must be {1}.", path(key), expected));
  }

 private:
  int64_t whole(const Napi::Value& v, const std::string& where) const {
    if (v.IsNumber()) {
      const double d = v.As<Napi::Number>().DoubleValue();
      if (d >= -9007199254740991.0 && d <= 9007199254740991.0 && d == static_cast<double>(static_cast<int64_t>(d)))
        return static_cast<int64_t>(d);
    }
    throw Error(code_, sentence("{0} must be {1}.", where, sentence("a whole number")));
  }

  Napi::Object object_;
  std::string path_;
  const char* code_;
};

}  // namespace vit::binding
