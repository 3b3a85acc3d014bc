#pragma once

#include <compare>
#include <functional>
#include <ostream>
#include <string>
#include <utility>

namespace fw {

/// A value of type T that cannot be passed where another kind of T is meant. `struct RunIdTag; using RunId =
/// Strong<std::string, RunIdTag>;`
template <class T, class Tag>
class Strong {
 public:
  using value_type = T;

  Strong() = default;
  explicit Strong(T value) : value_(std::move(value)) {}

  [[nodiscard]] const T& value() const { return value_; }
  [[nodiscard]] const T& operator*() const { return value_; }
  [[nodiscard]] const T* operator->() const { return &value_; }

  friend auto operator<=>(const Strong&, const Strong&) = default;
  friend bool operator==(const Strong&, const Strong&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Strong& id) { return out << id.value_; }

 private:
  T value_{};
};

}  // namespace fw

template <class T, class Tag>
struct std::hash<fw::Strong<T, Tag>> {
  std::size_t operator()(const fw::Strong<T, Tag>& id) const noexcept { return std::hash<T>{}(id.value()); }
};
