#pragma once

#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/assert.h"
#include "base/error.h"

namespace fw {

/// A value or the Error that took its place; what a function returns when its caller branches on failure. Work that is
/// given up as a whole throws instead. Reading the value of a failed result is a defect and aborts.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & { return check(), *std::get_if<0>(&state_); }
  const T& value() const& { return check(), *std::get_if<0>(&state_); }
  T value() && { return check(), std::move(*std::get_if<0>(&state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  [[nodiscard]] const Error& error() const& {
    FW_ASSERT(!ok());
    return *std::get_if<1>(&state_);
  }
  [[nodiscard]] Error error() && {
    FW_ASSERT(!ok());
    return std::move(*std::get_if<1>(&state_));
  }

  [[nodiscard]] T value_or(T other) && { return ok() ? std::move(*std::get_if<0>(&state_)) : std::move(other); }

 private:
  void check() const {
    if (!ok()) [[unlikely]]
      fail_assertion(std::get_if<1>(&state_)->message, "value() of a failed Result", 0);
  }

  std::variant<T, Error> state_;
};

/// Success without a value, or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] const Error& error() const& {
    FW_ASSERT(!ok());
    return *error_;
  }
  [[nodiscard]] Error error() && {
    FW_ASSERT(!ok());
    return std::move(*error_);
  }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace fw

#define FW_CONCAT_IMPL(a, b) a##b
#define FW_CONCAT(a, b) FW_CONCAT_IMPL(a, b)

/// Returns the error of a failed `expression` from the enclosing function; otherwise goes on.
#define FW_TRY(expression)                                                                               \
  do {                                                                                                   \
    if (auto fw_try_result = (expression); !fw_try_result.ok()) return std::move(fw_try_result).error(); \
  } while (false)

/// Declares `declaration` with the value of `expression`, or returns its error: FW_ASSIGN(auto file, open(path));
#define FW_ASSIGN(declaration, expression) FW_ASSIGN_IMPL(FW_CONCAT(fw_result_, __LINE__), declaration, expression)
#define FW_ASSIGN_IMPL(name, declaration, expression) \
  auto name = (expression);                           \
  if (!name.ok()) return std::move(name).error();     \
  declaration = std::move(name).value()

/// The same inside a coroutine.
#define FW_CO_TRY(expression)                                                                               \
  do {                                                                                                      \
    if (auto fw_try_result = (expression); !fw_try_result.ok()) co_return std::move(fw_try_result).error(); \
  } while (false)
#define FW_CO_ASSIGN(declaration, expression) \
  FW_CO_ASSIGN_IMPL(FW_CONCAT(fw_result_, __LINE__), declaration, expression)
#define FW_CO_ASSIGN_IMPL(name, declaration, expression) \
  auto name = (expression);                              \
  if (!name.ok()) co_return std::move(name).error();     \
  declaration = std::move(name).value()
