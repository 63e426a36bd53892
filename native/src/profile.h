#pragma once

#include <string>
#include <vector>

namespace vit {

/** Milliseconds by stage, in the order the stages were first met. */
class Profile {
 public:
  struct Entry {
    std::string stage;
    double ms;
  };
  void add(const char* stage, double ms) {
    for (Entry& entry : entries_)
      if (entry.stage == stage) return void(entry.ms += ms);
    entries_.push_back({stage, ms});
  }
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
};

}  // namespace vit
