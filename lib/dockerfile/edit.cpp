#include "dockerfile/edit.h"

#include <algorithm>
#include <map>

namespace suit::dockerfile {
namespace {

/// Edits taken so far, by the place where they begin; their stretches are disjoint.
class Taken {
 public:
  explicit Taken(std::size_t size) : size_(size) {}

  bool take(const Edits& group) {
    std::vector<std::size_t> added;
    for (const Edit& one : group) {
      if (!fits(one)) {
        for (std::size_t offset : added)
          edits_.erase(offset);
        return false;
      }
      edits_.emplace(one.offset, &one);
      added.push_back(one.offset);
    }
    return !group.empty();
  }

  std::string apply(std::string_view text) const {
    std::string out;
    std::size_t at = 0;
    for (const auto& [offset, edit] : edits_) {
      out += text.substr(at, offset - at);
      out += edit->text;
      at = offset + edit->length;
    }
    return out + std::string(text.substr(at));
  }

 private:
  // Two edits that begin at one place overlap too: which comes first would be a guess.
  bool fits(const Edit& one) const {
    if (one.offset > size_ || one.length > size_ - one.offset) return false;
    auto after = edits_.lower_bound(one.offset);
    if (after != edits_.end() &&
        (after->first == one.offset || after->first < one.offset + one.length))
      return false;
    if (after == edits_.begin()) return true;
    const Edit& before = *std::prev(after)->second;
    return before.offset + before.length <= one.offset;
  }

  std::size_t size_;
  std::map<std::size_t, const Edit*> edits_;
};

}  // namespace

Edited apply_edits(std::string_view text, const std::vector<Edits>& groups) {
  Taken taken(text.size());
  Edited out;
  for (const Edits& group : groups)
    if (taken.take(group)) ++out.applied;
  out.text = taken.apply(text);
  return out;
}

}  // namespace suit::dockerfile
