/// \file
/// `Result<T>`: a value, or the reason there is none.
///
/// Every fallible function in lib/ returns a `Result`; none throws. A throw in the child of a
/// clone would unwind into the parent's frames and run the parent's destructors a second time.

#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace suit {

/// Why an operation failed, innermost cause last: `run web: mount proc: EPERM`.
class [[nodiscard]] Error {
 public:
  /// \param code an errno value, or 0 when the failure did not come from the kernel.
  /// \param what the operation and its arguments, lower case, no final period.
  Error(int code, std::string what) : code_(code), what_(std::move(what)) {}

  int code() const noexcept { return code_; }
  /// The chain without the errno; `message()` is for people.
  const std::string& what() const noexcept { return what_; }
  /// What the user can do about it, one sentence; empty when there is nothing to say.
  const std::string& hint() const noexcept { return hint_; }
  /// Id in the steps registry (`base/steps.h`) of the kernel step that failed; empty if none did.
  const std::string& step() const noexcept { return step_; }
  /// Lines of source with a caret, ready to print under the message; empty if there is no source.
  const std::string& excerpt() const noexcept { return excerpt_; }

  /// Adds the caller's operation in front: what was being attempted when this happened.
  Error wrap(std::string_view context) && {
    what_.insert(0, std::string(context) + ": ");
    return std::move(*this);
  }
  Error with_hint(std::string hint) && {
    hint_ = std::move(hint);
    return std::move(*this);
  }
  Error with_step(std::string_view id) && {
    step_ = id;
    return std::move(*this);
  }
  Error with_excerpt(std::string excerpt) && {
    excerpt_ = std::move(excerpt);
    return std::move(*this);
  }

  /// The chain plus the errno name and text. For people; never parse it.
  std::string message() const;

 private:
  int code_;
  std::string what_;
  std::string hint_;
  std::string step_;
  std::string excerpt_;
};

template <typename T>
using Result = std::expected<T, Error>;

/// `return fail(ENOENT, "open(\"x\")");` in a function that returns a `Result`.
inline std::unexpected<Error> fail(int code, std::string what) {
  return std::unexpected<Error>(Error(code, std::move(what)));
}

/// `return fail(0, "no image named \"x\"", "build it, or load an archive that holds it");`
inline std::unexpected<Error> fail(int code, std::string what, std::string hint) {
  return std::unexpected<Error>(Error(code, std::move(what)).with_hint(std::move(hint)));
}

/// `return wrap(std::move(result).error(), "tag web");`
inline std::unexpected<Error> wrap(Error error, std::string_view context) {
  return std::unexpected<Error>(std::move(error).wrap(context));
}

#define SUIT_CONCAT_INNER(a, b) a##b
#define SUIT_CONCAT(a, b) SUIT_CONCAT_INNER(a, b)
#define SUIT_LET_IMPL(result, declaration, ...)        \
  auto result = (__VA_ARGS__);                         \
  if (!result) [[unlikely]]                            \
    return std::unexpected(std::move(result).error()); \
  declaration = *std::move(result)

/// `SUIT_LET(Fd root, open_at(dir, "rootfs", O_PATH));` declares `root`, or returns the error.
///
/// A statement, not an expression: `Pair{TRY(a()), TRY(b())}` as a statement expression skips the
/// destructor of the first member when the second fails (g++ 12 and clang 14), and so leaks an Fd.
#define SUIT_LET(declaration, ...) \
  SUIT_LET_IMPL(SUIT_CONCAT(suit_let_, __COUNTER__), declaration, __VA_ARGS__)

/// `SUIT_TRY(mount_proc(root));` returns the error of a `Result<void>`, if there is one.
#define SUIT_TRY(...)                                      \
  do {                                                     \
    ::suit::Result<void> suit_try = (__VA_ARGS__);         \
    if (!suit_try) [[unlikely]]                            \
      return std::unexpected(std::move(suit_try).error()); \
  } while (false)

}  // namespace suit
