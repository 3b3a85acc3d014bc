#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace fw::app {

/// Reads an environment variable; empty when it is not set.
using Environment = std::function<std::string(const std::string& name)>;

/// One value in force, as text for people. What may be secret is left out of it.
struct Setting {
  std::string path;   ///< `data_split_config.eval_size`, `nims[0].model_name`
  std::string value;  ///< empty where nothing is set and there is no default
  int line = 0;       ///< of the file; 0: the default
};

/// What is wrong, or only worth knowing, about a configuration file, in the order of its lines; and what was read.
class Problems final {
 public:
  explicit Problems(std::string file) : file_(std::move(file)) {}

  /// `line` counts from 1; 0 when no line can be named.
  void error(int line, std::string_view key, std::string_view what);
  void warning(int line, std::string_view key, std::string_view what);

  /// A value as it is after its key was looked up.
  void note(Setting setting) { settings_.push_back(std::move(setting)); }
  [[nodiscard]] std::vector<Setting> take_settings() { return std::move(settings_); }

  [[nodiscard]] bool has_errors() const { return !errors_.empty(); }
  /// All errors, one a line: `config.yaml:12: nims[0].gpu: unknown key; did you mean "gpus"?`
  [[nodiscard]] Error to_error() const;
  [[nodiscard]] std::vector<std::string> warnings() const;

 private:
  struct Entry {
    int line;
    std::string text;
  };
  [[nodiscard]] std::string place(int line, std::string_view key) const;
  static std::vector<std::string> in_line_order(std::vector<Entry> entries);

  std::string file_;
  std::vector<Entry> errors_;
  std::vector<Entry> warnings_;
  std::vector<Setting> settings_;
};

/// One mapping of a YAML document while it is read. Each key that the reader asks for is thereby known; `finish()`
/// reports every key that nobody asked for, with the nearest known one. A wrong type or a value out of range is
/// reported and leaves the variable as it was, so that one pass finds all mistakes. Sections share the document and the
/// Problems, which must outlive them.
class YamlSection final {
 public:
  /// The document's top level. kInvalidArgument with the line when the text is no YAML, no mapping, or more than one
  /// document.
  [[nodiscard]] static Result<YamlSection> parse(const std::string& text, Problems& problems, const std::string& file);

  YamlSection(YamlSection&&) noexcept;
  YamlSection& operator=(YamlSection&&) noexcept;
  ~YamlSection();

  [[nodiscard]] bool has(std::string_view key) const;
  /// Line of a key's value, or of the section where the key is absent.
  [[nodiscard]] int line_of(std::string_view key) const;
  [[nodiscard]] const std::string& path() const;
  /// The names that stand in the mapping, for one whose keys are the user's own.
  [[nodiscard]] std::vector<std::string> keys() const;

  void read(const char* key, std::string& out);
  /// A null value empties the text.
  void read_or_null(const char* key, std::string& out);
  void read(const char* key, bool& out);
  void read(const char* key, double& out, double least, double most);
  void read_seconds(const char* key, Duration& out, double least, double most);
  void read(const char* key, int& out, int least, int most);
  void read(const char* key, std::int64_t& out, std::int64_t least, std::int64_t most);
  void read(const char* key, std::uint64_t& out, std::uint64_t least, std::uint64_t most);
  /// A null value empties the variable.
  void read(const char* key, std::optional<std::uint64_t>& out, std::uint64_t least, std::uint64_t most);
  void read(const char* key, std::optional<int>& out, int least, int most);
  void read(const char* key, std::optional<double>& out, double least, double most);
  /// One of `names`; gives its index.
  void read_choice(const char* key, std::size_t& index, const std::vector<std::string>& names);
  /// A list of layer indices: `[0, 1, 2]` or `"0-8, 19-29"`.
  void read_layers(const char* key, std::vector<int>& out);

  /// Names and texts of a mapping, in its order: `{api-version: 2024-06-01}`.
  void read_texts(const char* key, std::vector<std::pair<std::string, std::string>>& out);
  /// Names and values of a mapping, the values as JSON: `{top_p: 0.9, stop: [x]}`.
  void read_json_values(const char* key, std::vector<std::pair<std::string, std::string>>& out);
  /// A list of texts, or one alone.
  void read_list(const char* key, std::vector<std::string>& out);

  /// `current` where it is set, else `older`, the name that earlier files have for the same key. Both are known then.
  [[nodiscard]] const char* either(const char* current, const char* older);

  /// The mapping under `key`; nothing when absent or null.
  [[nodiscard]] std::optional<YamlSection> section(const char* key);
  /// The mappings of the list under `key`; empty when absent or null.
  [[nodiscard]] std::vector<YamlSection> list(const char* key);

  /// Accepts a key that has no effect here and says so in a warning if it is set.
  void inapplicable(const char* key, std::string_view why);
  /// Names that begin so are the writer's own: places for anchors.
  void leave_names_with(std::string_view prefix);
  void error(std::string_view key, std::string_view what);
  void warning(std::string_view key, std::string_view what);

  /// Reports unknown and repeated keys. Call once, after everything has been asked for.
  void finish();

 private:
  struct Impl;
  explicit YamlSection(std::unique_ptr<Impl> impl);
  template <class T, class Convert>
  void read_scalar(const char* key, T& out, const char* expected, Convert convert);
  template <class T, class Number>
  void read_number(const char* key, T& out, Number least, Number most, const char* expected);

  /// Tells the Problems what `key` is now.
  void note(const char* key, std::string value);

  std::unique_ptr<Impl> impl_;
};

}  // namespace fw::app
