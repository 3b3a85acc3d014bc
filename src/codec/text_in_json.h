#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace fw::codec {

/// Whether a value stands in a text within JSON, however the JSON spells it (`\u00e9` is `é`): in strings, in names of
/// members, in numbers as they are written. What is no JSON is searched as it is. One thread at a time.
class TextInJson final {
 public:
  explicit TextInJson(std::string value);
  ~TextInJson();
  TextInJson(TextInJson&&) noexcept;
  TextInJson& operator=(TextInJson&&) noexcept;

  [[nodiscard]] bool is_in(std::string_view json);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fw::codec
